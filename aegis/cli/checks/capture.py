"""PostgreSQL and Debezium: settings, schema, publication, slot, connector."""

from __future__ import annotations

from aegis.cli.checks.finding import Finding, fail, ok, warn
from aegis.cli.observing.postgres import Capture, Reader, block, observe_capture, one, reading
from aegis.connect_status import CONNECTOR, observe_connectors, stored_lsn
from aegis.derivations import CAPTURED
from aegis.migrations import observe
from aegis.position import lsn_text
from aegis.settings import Settings

OLDEST_POSTGRES = 150000
BEHIND_WARN = 64 * 2**20
HEARTBEAT_WARN_SECONDS = 30.0
SNAPSHOT_AGAIN = "`aegis connect apply --snapshot-again` reads every row anew"


def check_postgres(settings: Settings) -> list[Finding]:
    """Settings, migrations, publication, before-images. Raises psycopg.Error where PostgreSQL does not answer."""
    with reading(settings.postgres_reader_dsn.get_secret_value()) as reader:
        return [*_configuration(reader), _migrations(settings.postgres_dsn.get_secret_value()), *_publication(reader)]


def _configuration(reader: Reader) -> list[Finding]:
    found = one(reader, "configuration")
    assert found is not None
    logical = found["wal_level"] == "logical"
    bounded = found["max_slot_wal_keep_size"] != "-1"
    version = found["server_version_num"]
    return [
        ok("wal_level", "logical") if logical else fail("wal_level", found["wal_level"], "set wal_level = logical in postgresql.conf and restart PostgreSQL"),
        ok("max_slot_wal_keep_size", found["max_slot_wal_keep_size"])
        if bounded
        else warn("max_slot_wal_keep_size", "unlimited", "set it: a connector that is down for days fills the disk otherwise"),
        ok("postgresql version", str(version)) if version >= OLDEST_POSTGRES else fail("postgresql version", str(version), "use PostgreSQL 15 or newer"),
    ]


def _migrations(owner_dsn: str) -> Finding:
    pending = observe(owner_dsn).pending
    return fail("migrations", f"pending: {', '.join(pending)}", "run `aegis migrate`") if pending else ok("migrations", "none pending")


def _publication(reader: Reader) -> list[Finding]:
    published = {row["name"] for row in reader.execute(block("published_tables"))}
    wanted = {*CAPTURED, "outbox", "debezium_signal", "debezium_heartbeat"}
    missing = sorted(wanted - published)
    partial = [row["name"] for row in reader.execute(block("replica_identity"), {"tables": list(CAPTURED)}) if row["identity"] != "f"]
    return [
        fail("publication", f"aegis_publication lacks {', '.join(missing)}", "run `aegis migrate`, or ALTER PUBLICATION aegis_publication ADD TABLE …")
        if missing
        else ok("publication", f"aegis_publication has {len(published)} tables"),
        fail("replica identity", f"not FULL: {', '.join(partial)}", "ALTER TABLE … REPLICA IDENTITY FULL: compensation needs the row before a change")
        if partial
        else ok("replica identity", "FULL on every captured table"),
    ]


def check_capture(settings: Settings) -> list[Finding]:
    """Slot, stored offset and connector. Raises the drivers' errors where PostgreSQL or Connect do not answer."""
    with reading(settings.postgres_reader_dsn.get_secret_value()) as reader:
        capture = observe_capture(reader)
    connectors = observe_connectors(settings.connect_url)
    mine = next((connector for connector in connectors if connector.name == CONNECTOR), None)
    stored = stored_lsn(settings.connect_url) if mine else None
    findings = [slot_finding(capture), heartbeat_finding(capture), *([] if stored is None else [offset_finding(capture, stored)])]
    if mine is None:
        return [*findings, fail("connector", f"{CONNECTOR} is not registered", "run `make connect`")]
    return [
        *findings,
        *(
            ok("connector", f"{connector.name} runs with {len(connector.tasks)} tasks")
            if connector.runs
            else fail(
                "connector",
                f"{connector.name} is {connector.state}, tasks {', '.join(connector.tasks) or 'none'}: {connector.reason}",
                f"mend the cause, then `aegis connect restart {connector.name}`",
            )
            for connector in connectors
        ),
    ]


def slot_finding(capture: Capture | None) -> Finding:
    """Whether the slot is there, read, whole and not far behind."""
    if capture is None or not capture.slot_exists:
        return fail(
            "replication slot", "aegis_slot does not exist", f"first start: `make connect`; if it was there before, changes may be missing: {SNAPSHOT_AGAIN}"
        )
    if capture.wal_status == "lost":
        return fail("replication slot", "PostgreSQL removed WAL that it needed", f"drop the slot, then {SNAPSHOT_AGAIN}")
    behind = capture.behind_bytes or 0
    detail = f"aegis_slot {'active' if capture.active else 'inactive'}, {behind:,} bytes behind, wal_status {capture.wal_status}"
    if not capture.active:
        return fail("replication slot", detail, "nobody reads the WAL: see `aegis connect status`, then `aegis connect restart` or `make connect`")
    if capture.wal_status == "unreserved":
        return fail("replication slot", detail, "its WAL may be removed any moment: find out what holds the connector up, or raise max_slot_wal_keep_size")
    if behind > BEHIND_WARN:
        return warn("replication slot", detail, "the connector does not keep up: see `aegis watch` and `make logs SERVICE=connect`")
    return ok("replication slot", detail)


def heartbeat_finding(capture: Capture | None) -> Finding:
    """Whether the connector's own heartbeat row moves."""
    if capture is None:
        return fail("heartbeat", "no heartbeat row", "run `aegis migrate`")
    detail = f"{capture.heartbeat_age_seconds:.1f} s old"
    if capture.heartbeat_age_seconds > HEARTBEAT_WARN_SECONDS:
        return warn("heartbeat", detail, "the connector writes it every few seconds while it runs: see `aegis connect status`")
    return ok("heartbeat", detail)


def offset_finding(capture: Capture | None, stored: int) -> Finding:
    """The slot must never be ahead of the offset that Connect stored."""
    if capture is not None and capture.confirmed is not None and capture.confirmed > stored:
        detail = f"the slot is at {lsn_text(capture.confirmed)}, ahead of the stored offset {lsn_text(stored)}"
        # Debezium confirms after Connect stored: the two are read one after the other, so a slot read later may look ahead for a moment.
        return warn("stored offset", detail, f"if this stays so, changes between may be lost: {SNAPSHOT_AGAIN}, then compare")
    return ok("stored offset", lsn_text(stored))
