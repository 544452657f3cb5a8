"""A folder as a source: what the rows of its files mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from collectors import regions
from collectors.draft import Fields
from collectors.files.mapping import DraftField, FolderMapping
from collectors.period import parse
from collectors.wording import line, plain, without_contacts

PREFIX = "files."
RAGGED = "(row)"
"""The column under which a reader puts what is wrong with a row as a whole."""
_SEPARATORS = re.compile(r"[,;|]|\|\|")
_CODE = re.compile(r"\d{2}")
RATE_PLACES = 4
"""What the table keeps: with more, a rate would differ from its row in every run."""
MOST_DIGITS = 17
"""A longer amount is above any, and one of thousands of digits Python refuses to read: it stays text, for validation to refuse."""


class _Sound(BaseModel):
    """A row whose number of fields is the header's."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _is_not_ragged(cls, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if RAGGED in row:
            context = {"field": RAGGED, "reason": str(row[RAGGED]), "remedy": "write the file again: a separator or a line end within a text has to be quoted"}
            raise PydanticCustomError("disagreement", "{reason}", context)
        return row


class FileFolder:
    """A folder with its mapping. What is no longer in a file is not gone: files add and change, they archive nothing."""

    newest_only = True

    def __init__(self, mapping: FolderMapping) -> None:
        self.mapping = mapping
        self.name = PREFIX + mapping.source
        self.title = mapping.title or self.name
        self.id_field = mapping.fields["source_id"][0]
        self.period_field = self.named("application_period_text")
        self.volatile = frozenset(mapping.volatile)

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row. A value that cannot be read as its field's type is passed on as it is, for validation to refuse it."""
        _Sound.model_validate(dict(raw))
        texts = {field: [_text(raw.get(column)) for column in columns] for field, columns in self.mapping.fields.items()}
        found: dict[str, Any] = {field: _READERS.get(field, _name)(values) for field, values in texts.items() if field != "content"}
        found["content"] = self._content(raw)
        period = parse(found.get("application_period_text"))
        fixed = self.mapping.fixed
        found["application_start_date"] = found.get("application_start_date") or period.start
        found["application_end_date"] = found.get("application_end_date") or period.end
        found["issuing_organization"] = found.get("issuing_organization") or fixed.issuing_organization
        found["category"] = found.get("category") or fixed.category
        found["target_regions"] = found.get("target_regions") or ((fixed.region,) if fixed.region else ())
        return found

    def named(self, field: str) -> str:
        """The column of a draft field."""
        return ", ".join(columns) if (columns := dict(self.mapping.fields).get(field)) else field  # type: ignore[call-overload]

    def _content(self, raw: Mapping[str, Any]) -> str:
        """The texts of the columns; with their names before them where they are several."""
        columns = self.mapping.fields.get("content", ())
        parts = [(column, plain(_text(raw.get(column)))) for column in columns]
        told = [f"{column}: {text}" if len(columns) > 1 else text for column, text in parts if text]
        return without_contacts("\n\n".join(told))


def is_ragged(row: object) -> bool:
    """Whether a reader found that a row as a whole is wrong."""
    return isinstance(row, Mapping) and RAGGED in row


def _text(value: object) -> str:
    """A cell as text: a whole number without a point, a list with commas."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def _name(texts: list[str]) -> str | None:
    return line(" ".join(plain(text) for text in texts)) or None


def _identifier(texts: list[str]) -> str:
    return line(texts[0])


def _title(texts: list[str]) -> str:
    return _name(texts) or ""


def _values(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for text in texts for part in _SEPARATORS.split(text) if (value := line(plain(part)))))


def _regions(texts: list[str]) -> tuple[str, ...]:
    """Codes as they are, names by their codes; a name that is none is passed over, as everywhere."""
    values = _values(texts)
    return tuple(sorted({*regions.of_names(values), *(value for value in values if _CODE.fullmatch(value))}))


def _day(texts: list[str]) -> date | str | None:
    text = re.sub(r"[ T]00:00:00$", "", line(texts[0]))
    return (parse(f"{text}~").start or text) if text else None


def _won(texts: list[str]) -> int | str | None:
    text = line(texts[0]).replace(",", "").removesuffix("원").strip()
    return (int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else text) if text else None


def _rate(texts: list[str]) -> Decimal | str | None:
    text = line(texts[0]).removesuffix("%").strip()
    try:
        return round(Decimal(text), RATE_PLACES) if text else None
    except InvalidOperation:  # no number, or one that no rate can be
        return text


_READERS: dict[DraftField, Callable[[list[str]], object]] = {
    "source_id": _identifier,
    "title": _title,
    "target_regions": _regions,
    "target_industries": _values,
    "tags": _values,
    "application_start_date": _day,
    "application_end_date": _day,
    "funding_amount_min": _won,
    "funding_amount_max": _won,
    "interest_rate": _rate,
}
