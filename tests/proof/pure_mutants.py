"""Mutants of what is decided in Python: each must make a test in memory fail."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_COMPENSATION = ("tests/unit/test_compensation.py",)
_MEMORY = ("tests/contract/test_store.py",)
_ENVELOPE = ("tests/unit/test_envelope.py",)
_APPLY = "aegis.stores.memory:MemoryStore._apply"
_IN_DICT = "self._records[record.table, record.key] = StoredRecord("

RULE = (
    Mutant("an older stamp is stale", _APPLY, "record.stamp < stored.stamp", "False", _MEMORY, "memory"),
    Mutant("an equal stamp is applied again", _APPLY, "record.stamp < stored.stamp", "record.stamp <= stored.stamp", _MEMORY, "memory"),
    Mutant(
        "a delete leaves a tombstone",
        _APPLY,
        _IN_DICT,
        f"self._records[record.table, record.key if record.content is not None else ''] = {_IN_DICT.partition(' = ')[2]}",
        _MEMORY,
        "memory",
    ),
    Mutant("ranks have their order", "aegis.stamp:Stamp.packed", "+ self.rank", "+ (3 - self.rank)", ("tests/unit/test_stamp.py",), "four_plus_rank"),
    Mutant("a delete has the rank of a delete", "aegis.envelope:stamp_of", 'Rank.DELETE if operation == "d" else Rank.UPSERT', "Rank.UPSERT", _ENVELOPE),
    Mutant(
        "a delete carries the version that it deleted",
        "aegis.envelope:stamp_of",
        'Stamp(image["version"], ',
        'Stamp(image["version"] + (operation == "d"), ',
        _ENVELOPE,
    ),
    Mutant(
        "a compensation outranks what it takes back",
        "aegis.compensation:compensation",
        "Rank.COMPENSATION)",
        "Rank.UPSERT)",
        ("tests/unit/test_one_rule.py",),
        "TestOneRule",
    ),
    Mutant(
        "a compensation is of the version that was rejected",
        "aegis.compensation:compensation",
        "Stamp(change.stamp.version,",
        "Stamp(change.stamp.version + 1,",
        _COMPENSATION,
    ),
    Mutant("a delete is never compensated", "aegis.compensation:compensation", "change.stamp.rank is Rank.DELETE", "False", _COMPENSATION),
    Mutant(
        "a rejected compensation withdraws",
        "aegis.compensation:compensation",
        "change.before if change.stamp.rank is Rank.UPSERT else None",
        "change.before",
        _COMPENSATION,
    ),
    Mutant(
        "a compensation is for all stores",
        "aegis.compensation:compensation",
        "targets=None",
        "targets=frozenset({store})",
        _COMPENSATION,
    ),
)

_LEDGER = ("tests/unit/test_stream_delivery.py",)
_COLLAPSE = ("tests/unit/test_collapse.py",)
_OPERATIONS = ("tests/unit/test_stream_operations.py",)

STREAM = (
    Mutant(
        "the newest change of a key wins in a batch",
        "aegis.collapse:_oldest_first",
        "stamped.sort(key=itemgetter(0))",
        "stamped.sort(key=itemgetter(0), reverse=True)",
        _COLLAPSE,
        "batches_in_any_order",
    ),
    Mutant("the newest wins under other key bytes too", "aegis.collapse:collapse", "other[1].stamp <= change.stamp", "True", _COLLAPSE, "two_key_schemas"),
    Mutant("a correction is for the stores that it names", "aegis.collapse:_decoded", "not change.concerns(store)", "False", _COLLAPSE, "for_another_store"),
    Mutant(
        "no offset is committed over a gap", "stream_apps.delivery:Ledger.acknowledge", "while waiting and waiting[0].acknowledged:", "while waiting:", _LEDGER
    ),
    Mutant("a position is the next offset to read", "stream_apps.delivery:Ledger.acknowledge", ".last + 1", ".last", _LEDGER),
    Mutant("what was revoked does not move a position", "stream_apps.delivery:Ledger.forget", "self._open.clear()", "pass", _LEDGER),
    Mutant(
        "acknowledging is the last step",
        "stream_apps.pump:Pump._apply",
        "report = await",
        "[parcel.acknowledge() for parcel in batch.parcels]; report = await",
        ("tests/unit/test_stream_pump.py",),
        "without_an_acknowledgement",  # others wait 15 s for what then never comes
    ),
    Mutant(
        "a store that rejects most of what comes is braked",
        "stream_apps.brake:Brake.check",
        "if self.least and rejected > self.least",
        "if False",
        ("tests/unit/test_stream_brake.py",),
    ),
    Mutant(
        "what is forgotten has exactly the expected stamp",
        "aegis.stores.memory:MemoryStore.forget",
        "record.stamp.packed == expected[key]",
        "True",
        _OPERATIONS,
    ),
    Mutant(
        "the stamp to forget is the one that was asked for",
        "stream_apps.operations:calls",
        "argument = change.expected if",
        "argument = change.stamp.packed if",
        _OPERATIONS,
    ),
    Mutant(
        "what is forgotten goes before what is written",
        "stream_apps.applier:Applier.apply",
        "done = self._operate(prepared.calls)\n    outcomes = self._write(prepared.records)",
        "outcomes = self._write(prepared.records)\n    done = self._operate(prepared.calls)",
        _OPERATIONS,
    ),
)

_SUMS = "lost_old_and_surplus"
_HELD = "held_against_the_row"
_JUDGE = ("tests/unit/test_reconcile_judge.py",)
_COMPARE = ("tests/unit/test_reconcile_compare.py",)
_ALARMS = ("tests/proof/test_no_false_alarm.py",)
_CONFIRM = ("tests/unit/test_reconcile_confirm.py",)
_WATERMARK = ("tests/unit/test_reconcile_watermark.py",)
_READ_ROWS = "    rows = self._truth.rows(self._table, keys)\n"
_READ_STORE = "    listed = self._store.inspect(self._table, keys)\n"

COMPARISON = (
    Mutant("buckets are compared", "aegis.inspection:differing", "!= stored.buckets.get(bucket, NOTHING)", "is None", _COMPARE, _SUMS),
    Mutant("stamps that are listed are compared", "batch.compare:agrees", "version == row[0] and", "", _COMPARE, _HELD),
    Mutant("a listed delete is no record", "batch.compare:agrees", "and rank != Rank.DELETE", "", _COMPARE, _HELD),
    Mutant("what readers see is compared", "batch.compare:agrees", "and listed.visible == row[1]", "", _COMPARE, _HELD),
    Mutant("copies are seen", "batch.compare:agrees", "listed.copies > 1 or", "", _COMPARE, _HELD),
    Mutant("rows that are not listed are suspects", "batch.compare:disagreeing", "suspects | rows.keys()", "suspects", _COMPARE, _SUMS),
    Mutant(
        "every bucket has its night", "batch.compare:Slice.of_night", "range(night % nights, BUCKETS, nights)", "range(0, BUCKETS, nights)", _COMPARE, "slices"
    ),
    Mutant("held keys are left alone", "batch.judge:judge", "if held:", "if False:", _JUDGE),
    Mutant(
        "a record ahead of its row is seen", "batch.judge:judge", "version > row.version or (version == row.version and rank == Rank.DELETE)", "False", _JUDGE
    ),
    Mutant("a stamp that nobody drew is overwritten", "batch.judge:judge", "version > drawn + PLAUSIBLE_LEAD", "False", _JUDGE),
    Mutant("an older record is seen", "batch.judge:judge", "version < row.version", "False", _JUDGE),
    Mutant("a wrong vector is seen", "batch.judge:judge", "if found.wrong_vector:", "if False:", _JUDGE),
    Mutant("contents are compared", "batch.judge:_difference", "elif stored.content != row.content:", "elif False:", _JUDGE),
    Mutant("visibility is compared", "batch.judge:_difference", "if listed.visible != (row.content is not None):", "if False:", _JUDGE),
    Mutant("claims are compared", "batch.judge:_difference", "if stored.claim != claim_of(key, row.version):", "if False:", _JUDGE),
    Mutant("an orphan's delete is no orphan", "batch.judge:_without_row", "if listed.is_deleted:", "if False:", _JUDGE),
)

CONFIRMATION = (
    Mutant(
        "a row that changed meanwhile is no drift",
        "batch.confirm:First.settled",
        "self.versions.get(key) != (None if row is None else row.version)",
        "False",
        _ALARMS,
    ),
    Mutant(
        "a record that changed meanwhile is no orphan",
        "batch.confirm:First.settled",
        "self.stamps.get(key) == (None if found is None else found.newest)",
        "True",
        _ALARMS,
    ),
    Mutant(
        "a version that was taken back waits for its dead letter",
        "batch.confirm:First.settled",
        "if row is not None and (found is None or not found.is_compensated):",
        "if row is not None:",
        _ALARMS,
    ),
    Mutant("the WAL is waited for", "batch.confirm:Confirmation.confirm", "self.waits.pass_wal(self.wal_position())", "self.wal_position()", _ALARMS),
    Mutant("the WAL is waited for up to the position", "batch.watermark:Watermark.pass_wal", "position - stored", "0", _ALARMS),
    Mutant("the log is waited for", "batch.confirm:Confirmation.confirm", "self.waits.pass_log(frozenset(pair.store for pair in first))", "pass", _ALARMS),
    Mutant("the store's group is waited for", "batch.watermark:Watermark.pass_log", "self._until_committed(store,", "(store,", _ALARMS),
    Mutant("the ends are taken after the WAL was passed", "batch.watermark:Watermark.pass_log", "ends[store])", "{})", _ALARMS),
    Mutant(
        "dead letters are waited for",
        "batch.watermark:Watermark.pass_log",
        "self._until_committed(DEAD_LETTERS, GROUPS[DEAD_LETTERS], self._ends(DEAD_LETTERS))",
        "pass",
        _ALARMS,
    ),
    Mutant("the store is read before PostgreSQL", "batch.ends:Ends.read", _READ_ROWS, "", _ALARMS, also=(_READ_STORE, _READ_ROWS + _READ_STORE)),
    Mutant(
        "a repair is of what was found",
        "batch.repair:unchanged",
        "len(versions) == 1 and stored == one.stored_stamp",
        "True",
        ("tests/unit/test_reconcile_repair.py",),
    ),
    Mutant(
        "repairs of most of a store are braked",
        "batch.reconcile:Reconciliation._brake",
        "wrong > BRAKE_LEAST and",
        "False and",
        ("tests/unit/test_reconcile_brake.py",),
    ),
)

_EXPIRY = ("tests/unit/test_expiry.py",)
_MAY_GO = "batch.expiry:may_go"

PURGE = (
    Mutant("a young tombstone stays", _MAY_GO, "if tombstone.applied_at >= before:", "if False:", _EXPIRY),
    Mutant("a tombstone of another log stays", _MAY_GO, "if partition is None or offset >= partition.end:", "if partition is None:", _EXPIRY),
    Mutant("a delete in the log keeps its tombstone", _MAY_GO, "if offset >= partition.beginning:", "if False:", _EXPIRY),
    Mutant("older messages in the log keep a tombstone", _MAY_GO, "if any(_has_older(", "if False and any(_has_older(", _EXPIRY),
    Mutant("a group that is behind keeps a tombstone", _MAY_GO, "if any(log.committed", "if False and any(log.committed", _EXPIRY),
    Mutant("a connector that is behind keeps a tombstone", _MAY_GO, "if not _captured(tombstone, log):", "if False:", _EXPIRY),
    Mutant("a snapshot keeps tombstones", _MAY_GO, "if log.snapshot_pending:", "if False:", _EXPIRY),
    Mutant(
        "a correction keeps its row's tombstone",
        _MAY_GO,
        "return Reason.CORRECTED if (tombstone.table, tombstone.key) in log.corrected else None",
        "return None",
        _EXPIRY,
    ),
    Mutant("only tombstones of deletes are purged", "batch.expiry:is_of_a_delete", "and stored.stamp.rank is Rank.DELETE", "", _EXPIRY),
    Mutant("a purge forgets exactly the tombstone that it saw", "batch.purge:forgetting", "expected=tombstone.stamp.packed", "expected=0", _EXPIRY),
)

MUTANTS = (*RULE, *STREAM, *COMPARISON, *CONFIRMATION, *PURGE)
