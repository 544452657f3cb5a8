"""Sums of won in Korean writing: 1천만원, 1억 5천만원, 3,000천원, 15백만원, 오백만원, 10~20만원. Pure grammar, without the meaning of a sum.

The patterns are possessive and bounded: the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

NUMBER = r"\d{1,15}+(?:,\d{3}){0,6}+(?:\.\d{1,4}+)?+"
"""Digits, with or without separators of thousands and a fraction."""
STANDS_ALONE = r"(?<!\d)(?<!\d[.,])"
_SPACE = r"[ ]{0,2}+"
_WRAP = r"[ \n]{0,2}+"
_UNIT = rf"(?:[십백천]{_WRAP}[만억조]|[십백천만억조])"
_PIECE = re.compile(rf"{_SPACE}(?P<number>{NUMBER})(?![\d,]\d)(?:{_WRAP}(?P<unit>{_UNIT}))?+")
_FIRST = re.compile(rf"{STANDS_ALONE}{NUMBER}")
_HANGUL_SUM = re.compile(rf"(?<![가-힣\d])(?:금{_SPACE})?(?P<letters>[일이삼사오육칠팔구][일이삼사오육칠팔구십백천만억조]{{1,15}}+){_SPACE}(?=원)")
_WON = re.compile(rf"{_WRAP}원(?!칙|화|격)")
_HANGUL_WON = re.compile(r"원(?!칙|화|격|생|서|금|단|도심|예|주|천|룸|료)")
_ENDS_WITHOUT_WON = re.compile(rf"{_SPACE}(?:$|[\n),./~\]]|한도|이내|이하|이상|미만|초과|까지|내외|규모|상당|지원|융자|대출|내(?![가-힣]))")
_TO = re.compile(r" {0,2}~ {0,2}(?:최대 {0,2})?|-| {0,2}(?:부터|에서) {0,2}")
_LETTER_DIGITS = {letter: value for value, letter in enumerate("일이삼사오육칠팔구", start=1)}
_SMALL = {"십": 10, "백": 100, "천": 1000}
_BIG = {"만": 10**4, "억": 10**8, "조": 10**12}
_MOST = 10**16
"""Greater sums are no support for anybody: they are misread."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum, or a range of two, in won, and its place."""

    start: int
    end: int
    low: int
    high: int

    @property
    def is_range(self) -> bool:
        """Whether two sums were stated."""
        return self.low != self.high


@dataclass(frozen=True, slots=True)
class _Piece:
    number: Decimal
    unit: str
    end: int

    @property
    def small(self) -> int:
        return _SMALL.get(self.unit[:1], 1)

    @property
    def big(self) -> int:
        return _BIG.get(self.unit[-1:], 1)

    @property
    def value(self) -> Decimal:
        return self.number * self.small * self.big


def sums(text: str) -> Iterator[Sum]:
    """Every sum in folded `text`, in order, none overlapping."""
    position = 0
    while match := _FIRST.search(text, position):
        found = _sum_at(text, match.start())
        yield from _in_letters(text, position, match.start())
        if found:
            yield found
        position = found.end if found else match.end()
    yield from _in_letters(text, position, len(text))


def _sum_at(text: str, start: int) -> Sum | None:
    pieces = _pieces(text, start)
    if not pieces:
        return None
    left = _closed(text, pieces)
    open_end = left.end if left else pieces[-1].end
    to = _TO.match(text, open_end)
    right = _closed(text, _pieces(text, to.end())) if to else None
    if right is None:
        return Sum(start, left.end, left.high, left.high) if left else None
    low = left.high if left else _completed(pieces, right)
    if low is None or low > right.high:
        return Sum(start, left.end, left.high, left.high) if left else None
    return Sum(start, right.end, low, right.high)


@dataclass(frozen=True, slots=True)
class _Closed:
    high: int
    end: int
    unit: str


def _pieces(text: str, start: int) -> list[_Piece]:
    """Numbers with units that make one number: 1억, 5천만. Each piece is smaller than the unit before it."""
    pieces: list[_Piece] = []
    position = start
    while match := _PIECE.match(text, position):
        if not pieces and match.start("number") != start:
            break
        piece = _Piece(Decimal(match["number"].replace(",", "")), re.sub(r"\s", "", match["unit"] or ""), match.end())
        if pieces and not _follows(pieces[-1], piece):
            break
        pieces.append(piece)
        position = match.end()
        if not piece.unit:
            break
    return pieces


def _follows(before: _Piece, piece: _Piece) -> bool:
    if before.big == 1:
        return piece.number * piece.small < before.small
    return piece.value < before.big


def _closed(text: str, pieces: list[_Piece]) -> _Closed | None:
    """The sum that the pieces and 원 make; without 원 only what ends in 억 (제28조 is an article of a law). A last number without unit needs 원."""
    for count in range(len(pieces), 0, -1):
        used = pieces[:count]
        won = _WON.match(text, used[-1].end)
        end = won.end() if won else used[-1].end
        unit = used[-1].unit
        if won or (unit[-1:] == "억" and _ENDS_WITHOUT_WON.match(text, end)):
            value = _value(used)
            return _Closed(int(value), end, unit) if value == int(value) and value <= _MOST else None
    return None


def _value(pieces: list[_Piece]) -> Decimal:
    total = section = Decimal(0)
    for piece in pieces:
        section += piece.number * piece.small
        if piece.big > 1:
            total, section = total + section * piece.big, Decimal(0)
    return total + section


def _completed(pieces: list[_Piece], right: _Closed) -> int | None:
    """The low end of `10~20만원` or `500만~1억원`: a bare number takes the unit of the high end, or as much of it as keeps it below."""
    last = pieces[-1]
    if last.unit:
        value = _value(pieces)
        return int(value) if last.big > 1 and value == int(value) else None
    if len(pieces) > 1:
        return None
    for unit in (right.unit, right.unit[1:]):
        value = _Piece(last.number, unit, 0).value
        if value <= right.high and value == int(value) and unit:
            return int(value)
    return None


def _in_letters(text: str, start: int, end: int) -> Iterator[Sum]:
    """Sums that are written out: 오백만원. A unit alone (천원, 백만원) heads a table and is no sum."""
    for match in _HANGUL_SUM.finditer(text, start, min(end + 1, len(text))):
        won = _HANGUL_WON.match(text, match.end())
        value = _of_letters(match["letters"])
        if won and value:
            yield Sum(match.start(), won.end(), value, value)


def _of_letters(letters: str) -> int | None:
    """The number that letters spell: 일천오백만 → 15,000,000. None where they spell none (일이, 이사)."""
    total = section = digit = 0
    units = 0
    for letter in letters:
        if letter in _LETTER_DIGITS:
            if digit:
                return None
            digit = _LETTER_DIGITS[letter]
        elif letter in _SMALL:
            section, digit, units = section + max(digit, 1) * _SMALL[letter], 0, units + 1
        else:
            total, section, digit, units = total + max(section + digit, 1) * _BIG[letter], 0, 0, units + 1
    return total + section + digit if units else None
