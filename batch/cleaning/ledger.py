"""Answers that were given before. Raises psycopg's errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

from aegis.queries import queries
from batch.cleaning.asking import Answered


@dataclass(frozen=True, slots=True)
class Known:
    """An answer, or why there is none."""

    output: Mapping[str, Any] | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """`ops.cleaned_texts`, in a session in autocommit."""

    connection: psycopg.Connection[Any]
    task: str
    provider: str
    model: str

    def known(self, hashes: Sequence[str]) -> dict[str, Known]:
        """Request hash → what was answered, of those that were asked before."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(queries("cleaning")["known"], {"hashes": list(hashes)})
            return {row["request_hash"]: Known(row["output"], row["problem"]) for row in rows}

    def used(self, hashes: Sequence[str]) -> None:
        """Answers that a run needs are kept for longer; written down once a day."""
        self.connection.execute(queries("cleaning")["used"], {"hashes": list(hashes)})

    def keep(self, answers: Sequence[Answered]) -> None:
        """Remember `answers`, in one round trip."""
        if answers:
            self.connection.execute(queries("cleaning")["keep"], {"batch": orjson.dumps([self._row(each) for each in answers], default=str).decode()})

    def _row(self, answered: Answered) -> dict[str, Any]:
        return {
            "request_hash": answered.request_hash,
            "task": self.task,
            "provider": self.provider,
            "model": self.model,
            "output": answered.output,
            "problem": answered.problem,
            "input_tokens": answered.input_tokens,
            "output_tokens": answered.output_tokens,
            "cost_usd": answered.cost,
            "attempts": answered.attempts,
        }
