"""The tables of real phrases, and what the parsers make of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from aegis.phrases.money import money
from aegis.phrases.period import period

FOLDER = Path(__file__).parent
ABSENT: Mapping[str, Any] = {"least": None, "most": None, "rate": None}


def table(name: str) -> dict[str, Any]:
    """The table `phrases_<name>.yaml`: its counts and its entries."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / f"phrases_{name}.yaml").read_text())
    return loaded


def money_answer(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says is right."""
    return {name: str(entry[name]) if name in entry else None for name in ABSENT}


def money_read(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the parser reads, in the table's words."""
    read = money(entry["phrase"])
    return {name: None if value is None else str(value) for name, value in (("least", read.least), ("most", read.most), ("rate", read.rate))}


def period_answer(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says is right."""
    return {"kind": entry["kind"], "start": entry.get("start"), "end": entry.get("end")}


def period_read(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the parser reads, in the table's words."""
    read = period(entry["phrase"], prose=not entry.get("field", False))
    return {"kind": read.kind, "start": str(read.start) if read.start else None, "end": str(read.end) if read.end else None}
