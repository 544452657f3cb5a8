"""Any order, duplication and batching of a history ends in the same registers as in the reference store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aegis.record import Record, StoredRecord
from aegis.stamp import Rank
from aegis.stores.memory import MemoryStore
from tests.contract.opened import Opened
from tests.contract.records import batches, tombstone, upsert

KEYS = 4
STEP = st.tuples(st.integers(0, KEYS - 1), st.sampled_from(["write", "write", "delete", "compensate", "withdraw", "repair"]))


@dataclass(frozen=True)
class Delivery:
    """Steps of a history, and the order (with duplicates) and batch size in which its records arrive."""

    steps: list[tuple[int, str]]
    order: list[int]
    batch: int


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    steps = draw(st.lists(STEP, min_size=1, max_size=14))
    again = draw(st.lists(st.integers(0, len(steps) - 1), max_size=8))
    order = draw(st.permutations([*range(len(steps)), *again]))
    return Delivery(steps, list(order), draw(st.integers(1, 5)))


def history(opened: Opened, steps: list[tuple[int, str]], prefix: str) -> list[Record]:
    """Records of `steps`: writes draw versions of one sequence, all else is stamped with the row's last version and has the content that belongs to it."""
    sequence, last, records = count(1), dict.fromkeys(range(KEYS), 0), []
    for n, what in steps:
        key = f"{prefix}-{n}"
        if what == "write" or not last[n]:
            last[n] = next(sequence)
            records.append(upsert(opened, key, last[n], title=f"제{last[n]}판"))
        elif what in {"delete", "withdraw"}:
            records.append(tombstone(key, last[n], rank=Rank.DELETE if what == "delete" else Rank.COMPENSATION))
        else:
            rank = Rank.COMPENSATION if what == "compensate" else Rank.REPAIR
            records.append(upsert(opened, key, last[n], rank=rank, title=f"제{last[n]}판의 앞"))
    return records


def registers(opened: Opened, held: Iterable[StoredRecord], *, as_written: bool) -> dict[str, object]:
    """Key → stamp and content; `as_written` contents are first put into the store's own form."""
    return {
        record.key: (record.stamp, opened.stored(record.table, record.content) if as_written and record.content is not None else record.content)
        for record in held
    }


def one_withdrawal_or_image(records: list[Record]) -> list[Record]:
    """At one stamp the log carries one content: where a compensation was drawn twice with different contents, the first one stands for both."""
    first: dict[tuple[str, int], Record] = {}
    return [first.setdefault((record.key, record.stamp.packed), record) for record in records]


def test_any_order_duplication_and_batching_ends_as_in_the_reference_store(opened: Opened) -> None:
    @settings(
        max_examples=opened.examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        database=None,
    )
    @given(deliveries())
    def check(delivery: Delivery) -> None:
        prefix, reference = uuid4().hex[:8], MemoryStore(opened.store.tables)
        records = one_withdrawal_or_image(history(opened, delivery.steps, prefix))
        for batch in batches([records[n] for n in delivery.order], delivery.batch):
            assert opened.store.apply(batch) == reference.apply(batch)
        keys = [f"{prefix}-{n}" for n in range(KEYS)]
        expected = registers(opened, reference.fetch("policies", keys).values(), as_written=True)
        assert registers(opened, opened.store.fetch("policies", keys).values(), as_written=False) == expected
        in_order = MemoryStore(opened.store.tables)
        for batch in batches(sorted(records, key=lambda record: record.stamp), 1):
            in_order.apply(batch)
        assert registers(opened, in_order.fetch("policies", keys).values(), as_written=True) == expected

    check()
