"""Rows that are loaded once, and spoilt as often as a test needs: a record lost and a content changed in every table of every store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aegis.settings import Settings
from tests.proof.rows import TABLES, insert, key_of
from tests.proof.sowing import Field, open_field
from tests.support.equality import assert_equal_everywhere
from tests.support.planting.plant import Kind

EACH = 40
"""Records of a table that one store loses, and as many whose content changes."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """The rows of one test."""

    field: Field

    def load(self) -> None:
        """Load them; returns when all stores hold them."""
        dsn = self.field.settings.postgres_dsn.get_secret_value()
        for table in TABLES:
            insert(dsn, table, [self._key(table, number) for number in range(2 * EACH * len(self.field.planters))], governed=self._key("policies", 0))
        assert_equal_everywhere(self.field.settings, self.field.prefix)

    def spoil(self) -> int:
        """Plant in every store and table; how many plants."""
        made = 0
        for number, planter in enumerate(self.field.planters):
            for table in TABLES:
                for offset, kind in enumerate((Kind.MISSING, Kind.CONTENT)):
                    if planter.kinds(table):
                        first = (2 * number + offset) * EACH
                        made += len(planter.plant(kind, table, [self._key(table, place) for place in range(first, first + EACH)]))
        return made

    def _key(self, table: str, number: int) -> str:
        return key_of(self.field.prefix, table, number)


@contextmanager
def open_spoilt(settings: Settings, prefix: str) -> Iterator[Spoilt]:
    """Rows that all stores hold."""
    with open_field(settings, prefix, 0) as field:
        spoilt = Spoilt(field)
        spoilt.load()
        yield spoilt
