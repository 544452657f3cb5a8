"""Mutants of what is decided in Python: each must make a unit test fail."""

from __future__ import annotations

from tests.proof.mutants import Mutant

ONE_RULE = ("tests/unit/test_one_rule.py",)
FORGETS = ("tests/unit/test_one_rule_forgets.py",)
STAMPS = ("tests/unit/test_stamp.py", "tests/unit/test_compensation.py")
MEMORY = ("tests/contract/test_store.py",)
ENVELOPE = ("tests/unit/test_envelope.py",)
COLLAPSE = ("tests/unit/test_collapse.py",)
LEDGER = ("tests/unit/test_stream_delivery.py",)
APPLIER = ("tests/unit/test_stream_applier.py", "tests/unit/test_stream_operations.py")
JUDGE = ("tests/unit/test_reconcile_judge.py",)
CONFIRM = ("tests/unit/test_reconcile_confirm.py", "tests/proof/test_no_false_alarm.py")
WATERMARK = ("tests/unit/test_reconcile_watermark.py", "tests/proof/test_no_false_alarm.py")
COMPARE = ("tests/unit/test_reconcile_compare.py",)
EXPIRY = ("tests/unit/test_expiry.py",)

_APPLY = "aegis.stores.memory:MemoryStore._apply"
_RULE = (
    Mutant("an older stamp is stale", _APPLY, "record.stamp < stored.stamp", "False", MEMORY, "memory"),
    Mutant("an equal stamp is applied again", _APPLY, "record.stamp < stored.stamp", "record.stamp <= stored.stamp", MEMORY, "memory"),
    Mutant("the rank decides at one version", "aegis.stamp:Stamp.packed", "self.version * 4 + self.rank", "self.version * 4 + (3 - self.rank)", STAMPS),
    Mutant("a delete is a stamp of its own rank", "aegis.envelope:stamp_of", 'Rank.DELETE if operation == "d" else Rank.UPSERT', "Rank.UPSERT", ENVELOPE),
    Mutant(
        "a delete carries the version that it deleted",
        "aegis.envelope:stamp_of",
        'image["version"], Rank.DELETE if',
        'image["version"] + (operation == "d"), Rank.DELETE if',
        ENVELOPE,
    ),
    Mutant("a delete is read from the row before it", "aegis.envelope:stamp_of", '"before" if operation == "d" else "after"', '"after"', ENVELOPE),
    Mutant(
        "a delete leaves a tombstone",
        _APPLY,
        "self._records[record.table, record.key] = StoredRecord(",
        "record.content is not None and self._records.__setitem__((record.table, record.key), StoredRecord(",
        ONE_RULE,
    ),
)
MUTANTS = _RULE
