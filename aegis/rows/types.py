"""How Debezium encodes PostgreSQL's types here, read into Python's.

Source: Debezium's PostgreSQL connector with `decimal.handling.mode=string` and `time.precision.mode=adaptive_time_microseconds`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

EPOCH = date(1970, 1, 1)


def _date(value: Any) -> Any:
    """Days since 1970-01-01, as Debezium sends a `date`; anything else is left to pydantic."""
    return EPOCH + timedelta(days=value) if isinstance(value, int) and not isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    """An array column whose elements the log declares nullable: null elements carry nothing and are dropped."""
    if value is None:
        return ()
    return tuple(item for item in value if item is not None) if isinstance(value, list) else value


Day = Annotated[date, BeforeValidator(_date)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Row(BaseModel):
    """One row of a captured table. Columns that the model does not name are ignored, so that a new column disturbs nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int
