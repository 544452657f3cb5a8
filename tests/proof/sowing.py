"""Loads rows and plants: every kind that a store knows, in every table that it holds, each on keys of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice

from aegis.settings import Settings
from tests.proof.rows import TABLES, delete, insert, key_of, update
from tests.support.equality import assert_equal_everywhere
from tests.support.planting.elasticsearch import ElasticsearchPlanter
from tests.support.planting.milvus import MilvusPlanter
from tests.support.planting.neo4j import Neo4jPlanter
from tests.support.planting.plant import OF_DELETED_ROWS, OF_WITHDRAWN_ROWS, Images, Kind, Plant, Planter
from tests.support.planting.redis import RedisPlanter
from tests.support.planting.replaying import Ends, ends, replay

BYSTANDERS = 40
"""Rows of each table that are right and stay so; the first policy is governed by all rules."""

Place = tuple[str, str, Kind]
"""Store, table and what is planted there."""


@dataclass
class Field:
    """Rows of a proof, and which of them are for which plant."""

    settings: Settings
    prefix: str
    planters: Sequence[Planter]
    each: int
    """Plants of each kind in each table of each store."""
    keys: dict[Place, list[str]] = field(default_factory=dict)
    bystanders: dict[str, list[str]] = field(default_factory=dict)
    since: Ends = field(default_factory=dict)
    """Where the log ended before the rows came."""

    def sow(self) -> list[Plant]:
        """Load the rows, wait until all stores hold them, and plant. Blocks for about a minute."""
        self._allot()
        self._load()
        images = self._age()
        made = [
            plant
            for place in self.keys
            if place[2] not in (Kind.REPLAYED, Kind.OLD_IMAGE)
            for plant in self._planter(place).plant(place[2], place[1], self.keys[place])
        ]
        for place, held in images.items():
            made += self._planter(place).put_back(place[1], held)
        for place in self._places(lambda kind: kind is Kind.REPLAYED):
            made += replay(self.settings, self._planter(place), place[1], self.keys[place], self.since)
        return made

    def _allot(self) -> None:
        for table in TABLES:
            numbers = iter(range(100_000))
            self.bystanders[table] = [key_of(self.prefix, table, number) for number in islice(numbers, BYSTANDERS)]
            for planter in self.planters:
                known = planter.kinds(table)
                for kind in (*known, Kind.OLD_IMAGE, Kind.REPLAYED) if known else ():
                    self.keys[planter.store, table, kind] = [key_of(self.prefix, table, number) for number in islice(numbers, self.each)]

    def _load(self) -> None:
        """Rows in four groups: those that live, with regions of their own, withdrawn, and those that are deleted again."""
        self.since = ends(self.settings, TABLES)
        dsn, governed = self.settings.postgres_dsn.get_secret_value(), self.bystanders["policies"][0]
        gone: dict[str, list[str]] = {}
        for table in TABLES:
            groups = defaultdict[str, list[str]](list, live=list(self.bystanders[table]))
            for (_, of, kind), keys in self.keys.items():
                if of == table:
                    groups[_group(kind)] += keys
            insert(dsn, table, groups["live"], governed=governed)
            insert(dsn, table, groups["own region"], governed=governed, own_regions=True)
            insert(dsn, table, groups["withdrawn"], governed=governed, status="rejected")
            insert(dsn, table, groups["gone"], governed=governed)
            gone[table] = groups["gone"]
        assert_equal_everywhere(self.settings, self.prefix)
        for table, keys in gone.items():
            delete(dsn, table, keys)

    def _age(self) -> dict[Place, Images]:
        """Take images of what shall be put back, and update its rows; returns when all stores hold the new."""
        dsn = self.settings.postgres_dsn.get_secret_value()
        places = self._places(lambda kind: kind is Kind.OLD_IMAGE)
        images = {place: self._planter(place).images(place[1], self.keys[place]) for place in places}
        for place in places:
            update(dsn, place[1], self.keys[place])
        assert_equal_everywhere(self.settings, self.prefix)
        return images

    def _places(self, wanted: Callable[[Kind], bool]) -> list[Place]:
        return [place for place in self.keys if wanted(place[2])]

    def _planter(self, place: Place) -> Planter:
        return next(planter for planter in self.planters if planter.store == place[0])


@contextmanager
def open_field(settings: Settings, prefix: str, each: int) -> Iterator[Field]:
    """A field with a planter for every store."""
    with ExitStack() as opened:
        planters: list[Planter] = [
            opened.enter_context(closing(planter))
            for planter in (
                RedisPlanter(settings),
                ElasticsearchPlanter(settings),
                Neo4jPlanter(settings, key_of(prefix, "policies", 1)),
                MilvusPlanter(settings),
            )
        ]
        yield Field(settings, prefix, planters, each)


def _group(kind: Kind) -> str:
    if kind in OF_DELETED_ROWS:
        return "gone"
    if kind in OF_WITHDRAWN_ROWS:
        return "withdrawn"
    return "own region" if kind is Kind.FAR_NODE else "live"
