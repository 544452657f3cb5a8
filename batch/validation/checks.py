"""The rules that come with Aegis, in one table. Rules that an analyst adds stand in the table `business_rules`.

A rule rejects only what nobody could use or what is certainly wrong; everything else is a note, and weighs in the quality score. Pure.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from aegis.codes import NATIONWIDE
from batch.validation.expression import missing
from batch.validation.reason import Severity
from batch.validation.rule import Rule

EARLIEST = date(1990, 1, 1)
MOST_YEARS_AHEAD = 5
LONGEST_DAYS = 366 * 10
OPEN_END_YEAR = 9000
"""Sources write 9999-12-31 for a period without an end."""
LEAST_WON, MOST_WON = 1_000, 10**14
MOST_RATE, IMPOSSIBLE_RATE = 30, 100
LONGEST_NAME = 50
HOSTS = {
    "bizinfo": ("bizinfo.go.kr",),
    "gov24": ("gov.kr",),
}
"""Source → domains of its own pages. Other sources link where they like."""
_LOOK = "look at the record at its source"
_MAPPING = "look at the source's mapping in collectors/portals"

start, end = pl.col("application_start_date"), pl.col("application_end_date")
least, most = pl.col("funding_amount_min"), pl.col("funding_amount_max")
regions = pl.col("target_regions")


def rules(on: date) -> tuple[Rule, ...]:
    """The rules, as of the day `on`."""
    return (*_texts(), *_periods(on), *_money(), *_targets())


def _texts() -> tuple[Rule, ...]:
    text = pl.concat_str("title", "content", separator="\n", ignore_nulls=True)
    placeholder = r"(?i)^\s*(테스트|test|제목\s*없음|무제|샘플|sample|삭제)\s*[0-9]*\s*$"
    return (
        Rule("title_says_something", "title", pl.col("title").str.contains(r"[가-힣A-Za-z]{2}"), "the title has no word in it", _LOOK),
        Rule("title_is_no_placeholder", "title", ~pl.col("title").str.contains(placeholder), "the title stands in for one (테스트, 제목없음, …)", _LOOK),
        Rule("text_is_decoded", "title", ~pl.col("title").str.contains("\ufffd|占쏙옙"), "the title was decoded with a wrong encoding", _MAPPING),
        Rule(
            "content_is_decoded",
            "content",
            ~pl.col("content").str.contains("\ufffd|占쏙옙"),
            "the text has letters that were lost in decoding",
            _MAPPING,
            Severity.NOTE,
        ),
        Rule("content_is_given", "content", ~missing("content"), "there is no text beside the title", _MAPPING, Severity.NOTE),
        Rule(
            "content_has_no_markup",
            "content",
            ~text.str.contains(r"&(nbsp|lt|gt|amp|quot);|</?(p|br|div|span|table|td|tr)\b"),
            "markup is left in the text",
            _MAPPING,
            Severity.NOTE,
        ),
        Rule(
            "somebody_issues_it",
            "issuing_organization",
            ~(missing("issuing_organization") & missing("operating_organization")),
            "no organisation is named",
            _LOOK,
            Severity.NOTE,
        ),
        Rule("address_is_the_sources", "detail_url", _of_its_source(), "the page is not on a domain of its source", _MAPPING, Severity.NOTE),
    )


def _periods(on: date) -> tuple[Rule, ...]:
    latest = date(on.year + MOST_YEARS_AHEAD, 12, 31)
    open_end = end.dt.year() >= OPEN_END_YEAR
    always = pl.col("application_period_text").str.contains(r"상시|연중|수시") & end.is_not_null() & ~open_end
    return (
        Rule("period_is_ordered", "application_end_date", start <= end, "the period ends before it starts", "have the source correct the period"),
        Rule(
            "period_starts_plausibly",
            "application_start_date",
            start.is_between(EARLIEST, latest),
            f"the period starts before {EARLIEST.year} or after {latest.year}",
            _LOOK,
        ),
        Rule(
            "period_ends_plausibly",
            "application_end_date",
            (end >= EARLIEST) & ((end <= latest) | open_end),
            f"the period ends before {EARLIEST.year} or after {latest.year}",
            _LOOK,
            Severity.NOTE,
        ),
        Rule(
            "period_is_not_endless",
            "application_end_date",
            (end - start <= timedelta(days=LONGEST_DAYS)) | open_end,
            "the period lasts more than ten years",
            _LOOK,
            Severity.NOTE,
        ),
        Rule(
            "period_agrees_with_its_text",
            "application_period_text",
            ~always,
            "the text says that one may always apply, the dates say until when",
            _LOOK,
            Severity.NOTE,
        ),
    )


def _money() -> tuple[Rule, ...]:
    units = "look at the unit in the source's text"
    return (
        Rule("amounts_are_ordered", "funding_amount_max", least <= most, "the most is below the least", "have the source correct the amounts"),
        Rule("amount_is_possible", "funding_amount_max", pl.max_horizontal(least, most) <= MOST_WON, f"more than {MOST_WON:,} won for one policy", units),
        Rule("amount_is_worth_asking", "funding_amount_max", (most >= LEAST_WON) | (most == 0), f"less than {LEAST_WON:,} won", units, Severity.NOTE),
        Rule("rate_is_possible", "interest_rate", pl.col("interest_rate") <= IMPOSSIBLE_RATE, "more than 100 percent a year", units),
        Rule("rate_is_plausible", "interest_rate", pl.col("interest_rate") <= MOST_RATE, f"more than {MOST_RATE} percent a year", units, Severity.NOTE),
    )


def _targets() -> tuple[Rule, ...]:
    alone = ~regions.list.contains(NATIONWIDE) | (regions.list.len() == 1)
    once = regions.list.n_unique() == regions.list.len()
    return (
        Rule("nationwide_stands_alone", "target_regions", alone, "the whole country and single regions are both named", _MAPPING, Severity.NOTE),
        Rule("regions_stand_once", "target_regions", once, "a region is named twice", _MAPPING, Severity.NOTE),
        Rule(
            "category_is_short",
            "category",
            pl.col("category").str.len_chars() <= LONGEST_NAME,
            "the field of support is a sentence, not a name",
            _MAPPING,
            Severity.NOTE,
        ),
    )


def _of_its_source() -> pl.Expr:
    """No address, a source without known domains, or a page on one of them."""
    kept = missing("detail_url") | ~pl.col("source").is_in(list(HOSTS))
    for source, domains in HOSTS.items():
        of_domain = "|".join(domain.replace(".", r"\.") for domain in domains)
        kept |= (pl.col("source") == source) & pl.col("detail_url").str.contains(rf"(?i)^https?://([^/?#@]+\.)?({of_domain})(:[0-9]+)?([/?#]|$)")
    return kept
