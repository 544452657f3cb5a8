"""Plants in Milvus: a row a record in the visible collection, a row a tombstone in the one beside it. Whole rows are written: it knows no other way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pymilvus import MilvusClient

from aegis.claim import claim_of
from aegis.settings import Settings
from tests.support.planting.plant import AHEAD, DELETE_RANK, IMPOSSIBLE_STAMP, Images, Kind, Plant, new_key, plants

TABLE, KEY = "policies", "policy_id"
VISIBLE, TOMBSTONES = "policy_embeddings", "policy_embeddings_tombstones"
BOOKKEEPING = ("stamp", "bucket", "claim", "topic", "partition_", "offset_", "lsn", "tx_id", "committed_at", "applied_at")
TOMBSTONE_VECTOR = [1.0, 0.0]
PINGS = {"grpc.keepalive_time_ms": 310_000}
"""The server takes the pings of an idle client for an attack."""

Row = dict[str, Any]

CHANGES: dict[Kind, Callable[[Row], Row]] = {
    Kind.CONTENT: lambda row: {"title": "another"},
    Kind.LOWERED_STAMP: lambda row: {"stamp": row["stamp"] - 8},
    Kind.FUTURE_STAMP: lambda row: {"stamp": row["stamp"] + 4 * AHEAD, "claim": claim_of(row[KEY], row["stamp"] // 4 + AHEAD).claim},
    Kind.IMPOSSIBLE_STAMP: lambda row: {"stamp": IMPOSSIBLE_STAMP},
    Kind.NEGATIVE_STAMP: lambda row: {"stamp": -5},
    Kind.NO_STAMP: lambda row: {"stamp": 0},
    Kind.NO_BUCKET: lambda row: {"bucket": -1},
    Kind.WRONG_CLAIM: lambda row: {"claim": row["claim"] ^ 1},
    Kind.WRONG_BUCKET: lambda row: {"bucket": row["bucket"] ^ 1},
    Kind.WRONG_VECTOR: lambda row: {"embedding": [float(number) for number in np.roll(row["embedding"], 7)]},
    Kind.WRONG_HASH: lambda row: {"text_hash": row["text_hash"][::-1]},
}
"""What is different in the row."""


class MilvusPlanter:
    """Corrupts the vectors."""

    store = "milvus"

    def __init__(self, settings: Settings) -> None:
        self._client = MilvusClient(settings.milvus_uri, timeout=60, dedicated=True, grpc_options=PINGS)

    def kinds(self, table: str) -> Sequence[Kind]:
        own = (Kind.MISSING, Kind.ORPHAN, Kind.ORPHAN_OTHER_BUCKET, Kind.BY_HAND, Kind.BURIED, Kind.HIDDEN, Kind.REVEALED)
        return (*own, *CHANGES) if table == TABLE else ()

    def plant(self, kind: Kind, table: str, keys: Sequence[str]) -> list[Plant]:
        made = list(keys)
        match kind:
            case Kind.MISSING:
                self._delete(VISIBLE, keys)
            case Kind.ORPHAN | Kind.ORPHAN_OTHER_BUCKET | Kind.BY_HAND:
                made = self._copy(keys, kind)
            case Kind.BURIED | Kind.HIDDEN:
                self._hide(keys, deleted=kind is Kind.BURIED)
            case Kind.REVEALED:
                self._reveal(keys)
            case _:
                self._client.upsert(VISIBLE, [row | CHANGES[kind](row) for row in self._rows(VISIBLE, keys).values()])
        return plants(self.store, table, made, kind, f"rows written: {kind}")

    def images(self, table: str, keys: Sequence[str]) -> Images:
        assert table == TABLE
        return self._rows(VISIBLE, keys)

    def put_back(self, table: str, images: Images) -> list[Plant]:
        self._client.upsert(VISIBLE, list(images.values()))
        return plants(self.store, table, list(images), Kind.OLD_IMAGE, "row, vector and hash of the version before")

    def remove(self, table: str, keys: Sequence[str]) -> None:
        assert table == TABLE
        self._delete(VISIBLE, keys)
        self._delete(TOMBSTONES, keys)

    def shown(self, table: str, keys: Sequence[str]) -> set[str]:
        assert table == TABLE
        return {row[KEY] for row in self._query(VISIBLE, keys, [KEY])}

    def close(self) -> None:
        self._client.close()

    def _copy(self, keys: Sequence[str], kind: Kind) -> list[str]:
        rows = []
        for key, row in self._rows(VISIBLE, keys).items():
            new = new_key(key, kind)
            claim = claim_of(new, row["stamp"] // 4)
            own: Mapping[Kind, Row] = {
                Kind.ORPHAN: {"bucket": claim.bucket, "claim": claim.claim},
                Kind.BY_HAND: {"stamp": 0, "bucket": 0, "claim": 0, "topic": ""},
            }
            rows.append(row | {KEY: new} | own.get(kind, {}))
        self._client.upsert(VISIBLE, rows)
        return [row[KEY] for row in rows]

    def _hide(self, keys: Sequence[str], *, deleted: bool) -> None:
        rows = self._rows(VISIBLE, keys).values()
        tombstones = [{name: row[name] for name in (KEY, *BOOKKEEPING)} | {"embedding": TOMBSTONE_VECTOR} for row in rows]
        for row in tombstones:
            row["stamp"] = row["stamp"] // 4 * 4 + DELETE_RANK if deleted else row["stamp"]
        self._client.upsert(TOMBSTONES, tombstones)
        self._delete(VISIBLE, keys)

    def _reveal(self, keys: Sequence[str]) -> None:
        """A withdrawn row's tombstone becomes a record again, made of another record's fields."""
        tombstones = self._rows(TOMBSTONES, keys)
        [model] = self._client.query(VISIBLE, filter=f'{KEY} != ""', output_fields=["*"], limit=1)
        self._client.upsert(VISIBLE, [_plain(model) | {name: row[name] for name in (KEY, *BOOKKEEPING)} for row in tombstones.values()])
        self._delete(TOMBSTONES, keys)

    def _rows(self, collection: str, keys: Sequence[str]) -> dict[str, Row]:
        rows = {row[KEY]: _plain(row) for row in self._query(collection, keys, ["*"])}
        assert rows.keys() == set(keys), f"not all of {keys} are in {collection}"
        return rows

    def _query(self, collection: str, keys: Sequence[str], fields: list[str]) -> list[Row]:
        return list(self._client.query(collection, filter=_one_of(keys), output_fields=fields, consistency_level="Strong")) if keys else []

    def _delete(self, collection: str, keys: Sequence[str]) -> None:
        self._client.delete(collection, filter=_one_of(keys))


def _one_of(keys: Sequence[str]) -> str:
    return f"{KEY} in {json.dumps(list(keys), ensure_ascii=False)}"


def _plain(row: Mapping[str, Any]) -> Row:
    """With lists of Python's own, as the client takes them back."""
    return {name: list(value) if not isinstance(value, str | int | float | bool) else value for name, value in row.items()}
