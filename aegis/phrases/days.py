"""Days and spans of days in Korean writing: '26. 3. 2.(월) ~ 3. 20.(금) 18:00까지, 2026년 3월 2일부터 20일까지. Pure grammar.

A year that a span's end leaves out is its start's. A day without any year is no day: `Span.is_yearless`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_S = r"[ ]{0,2}+"
_YEAR = r"(?:(?:19|20)\d{2}|(?:' ?)?+[0-3]\d)"
_WEEKDAY = rf"(?:{_S}[(\[]{_S}[월화수목금토일](?:요일)?[^)\]\n]{{0,12}}[)\]])?+"
_TIME = rf"(?:{_S},?{_S}(?:오전|오후|낮|자정|밤)?{_S}(?:\d{{1,2}}{_S}(?::{_S}\d{{2}}(?::\d{{2}})?+시?+|시(?:{_S}\d{{1,2}}분)?+)|자정|정오))?+"
_TAIL = rf"{_WEEKDAY}{_TIME}{_WEEKDAY}"
_FULL = rf"(?P<y>{_YEAR}){_S}(?:년{_S}|[.]{_S}|[-/])(?P<m>\d{{1,2}}){_S}(?:월{_S}|[.]{_S}|[-/])(?P<d>\d{{1,2}})(?!\d|[.,]\d|[%천만억원])(?:{_S}일|{_S}[.])?+"
_COMPACT = r"(?P<cy>20\d{2})(?P<cm>\d{2})(?P<cd>\d{2})(?!\d)"
_DOTTED_MONTH = rf"(?P<dy>(?:20\d{{2}}|'{_S}\d{{2}})){_S}[.]{_S}(?P<dm>\d{{1,2}}){_S}[.]?{_S}(?=~)"
_MONTH = rf"(?P<ny>(?:20\d{{2}}|'{_S}\d{{2}})){_S}(?:년|[.]){_S}(?P<nm>\d{{1,2}}){_S}월(?!{_S}\d{{1,2}}{_S}일)(?:{_S}(?P<part>초|중순|중|하순|말))?"
_YEARLESS = rf"(?P<lm>\d{{1,2}})(?:{_S}월{_S}|[.]{_S}|/)(?P<ld>\d{{1,2}})(?!\d|[.,]\d|[%천만억원호차])(?:{_S}일|{_S}[.])?+"
_SURE_YEARLESS = (
    rf"(?P<lm>\d{{1,2}}){_S}(?:월{_S}(?P<ld>\d{{1,2}})(?!\d){_S}일"
    rf"|[./]{_S}(?P<ld2>\d{{1,2}})(?!\d|[.,]\d)(?={_S}(?:[.]|[(][월화수목금토일][)]|~|까지|부터)))(?:{_S}[.])?+"
)
_BARE_MONTH = rf"(?P<bm>\d{{1,2}}){_S}월(?:{_S}(?P<bpart>초|중순|중|하순|말))?"
_BARE_DAY = rf"(?P<bd>\d{{1,2}})(?:{_S}일|{_S}[.](?!\d)|(?={_S}\([월화수목금토일]))"
_FIRST = re.compile(rf"(?<!\d)(?<!\d[.,/-])(?:(?:{_FULL}|{_COMPACT}){_TAIL}|{_MONTH}|{_DOTTED_MONTH})")
_FIRST_YEARLESS = re.compile(rf"(?<!\d)(?<!\d[.,/-])(?:{_SURE_YEARLESS}{_TAIL}|{_BARE_MONTH})")
_SECOND = re.compile(rf"(?:(?:{_FULL}|{_COMPACT}){_TAIL}|{_MONTH}|{_YEARLESS}{_TAIL}|{_BARE_MONTH}|{_BARE_DAY}{_TAIL})")
_TO = re.compile(r"\s{0,3}(?:부터)?\s{0,3}(?:~|-|부터|에서)\s{0,3}")
_FROM = re.compile(r"\s{0,2}(?:~|부터|이후 ?부터|-\s)")
_UNTIL = re.compile(r"\s{0,2}(?:까지|限|한(?![가-힣])|마감|이전 ?까지|\)?\s?까지)")
_LEADING = re.compile(r"~\s{0,3}$")


@dataclass(frozen=True, slots=True)
class Span:
    """A first and a last day, either open, and their place. Days that do not exist leave both open and are told by `fault`."""

    start: int
    end: int
    first: date | None = None
    last: date | None = None
    fault: str | None = None
    """`impossible`, `reversed`, `yearless`, `month` (a month as a whole) or `bare` (one day, neither from nor until)."""


@dataclass(frozen=True, slots=True)
class _Point:
    end: int
    year: int | None
    month: int | None
    day: int | None
    is_month: bool
    part: str | None


def spans(text: str) -> Iterator[Span]:
    """Every span in folded `text`, in order, none overlapping."""
    position = 0
    while match := _FIRST.search(text, position):
        for yearless in _FIRST_YEARLESS.finditer(text, position, match.start()):
            yield Span(yearless.start(), yearless.end(), fault="yearless")
        span = _span(text, match)
        yield span
        position = max(span.end, match.end())
    for yearless in _FIRST_YEARLESS.finditer(text, position):
        yield Span(yearless.start(), yearless.end(), fault="yearless")


def _span(text: str, match: re.Match[str]) -> Span:
    first = _point(match)
    to = _TO.match(text, first.end)
    following = _SECOND.match(text, to.end()) if to else None
    if following:
        return _closed(match.start(), first, _point(following))
    if _FROM.match(text, first.end):
        return _from(match.start(), first)
    if _UNTIL.match(text, first.end) or _LEADING.search(text[max(0, match.start() - 4) : match.start()]):
        return _until(match.start(), first)
    return _bare(match.start(), first)


def _closed(start: int, first: _Point, last: _Point) -> Span:
    year = last.year or first.year
    month = last.month or first.month
    if _is_vague(first) or _is_vague(last):
        return Span(start, last.end, fault="month")
    if last.year is None and first.year and first.month and month and month < first.month:
        year = first.year + 1
    begin = _day(first.year, first.month, 1 if first.is_month else first.day)
    end = _last_of(year, month) if last.is_month else _day(year, month, last.day)
    if begin is None or end is None:
        return Span(start, last.end, fault="impossible")
    return Span(start, last.end, begin, end) if begin <= end else Span(start, last.end, fault="reversed")


def _from(start: int, point: _Point) -> Span:
    if _is_vague(point):
        return Span(start, point.end, fault="month")
    day = _day(point.year, point.month, 1 if point.is_month else point.day)
    return Span(start, point.end, first=day, fault=None if day else "impossible")


def _until(start: int, point: _Point) -> Span:
    if point.part not in {None, "말"}:
        return Span(start, point.end, fault="month")
    day = _last_of(point.year, point.month) if point.is_month else _day(point.year, point.month, point.day)
    return Span(start, point.end, last=day, fault=None if day else "impossible")


def _bare(start: int, point: _Point) -> Span:
    if point.is_month:
        return Span(start, point.end, fault="month")
    day = _day(point.year, point.month, point.day)
    return Span(start, point.end, last=day, fault="bare" if day else "impossible")


def _is_vague(point: _Point) -> bool:
    return point.part is not None


def _point(match: re.Match[str]) -> _Point:
    groups = match.groupdict()
    year = groups.get("y") or groups.get("cy") or groups.get("ny") or groups.get("dy")
    month = groups.get("m") or groups.get("cm") or groups.get("nm") or groups.get("dm") or groups.get("lm") or groups.get("bm")
    day = groups.get("d") or groups.get("cd") or groups.get("ld") or groups.get("bd")
    return _Point(match.end(), _year(year), int(month) if month else None, int(day) if day else None, day is None, groups.get("part") or groups.get("bpart"))


def _year(digits: str | None) -> int | None:
    if digits is None:
        return None
    number = int(digits.strip("' "))
    return number if number > 99 else 2000 + number  # noqa: PLR2004 - two digits are of this century


def _day(year: int | None, month: int | None, day: int | None) -> date | None:
    try:
        return date(year or 0, month or 0, day or 0)
    except ValueError:
        return None


def _last_of(year: int | None, month: int | None) -> date | None:
    first = _day(year, month, 1)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1]) if first else None
