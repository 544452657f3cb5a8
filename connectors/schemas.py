"""The schema registry's side of capturing: the compatibility that it holds subjects to, and the schemas that are committed.

Compatibility is FULL_TRANSITIVE. Replay reads a week of old rows with today's row models (backward), and a stream app that is not yet upgraded reads new rows
with yesterday's (forward). A migration that breaks either would not fail quietly: each row of the table would be rejected, and compensation would withdraw it
from every store. With this rule the registry refuses the schema instead, the connector's task fails at that row, nothing is lost, and no store is touched. So a
migration adds optional columns, or columns with a constant default, and drops a required one only after it was optional.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import httpx

from aegis.derivations import CAPTURED
from aegis.envelope import table_topic
from aegis.topics import EVENTS_TOPIC

COMPATIBILITY = "FULL_TRANSITIVE"
TIMEOUT_SECONDS = 30.0
_NOT_FOUND = 404


class RegistryFault(Exception):
    """The registry does not answer, or answers with an error."""


def captured_subjects() -> tuple[str, ...]:
    """Subjects that Debezium registers."""
    topics = (*(table_topic(table) for table in CAPTURED), EVENTS_TOPIC)
    return tuple(f"{topic}-{part}" for topic in topics for part in ("key", "value"))


def hold_compatibility(url: str) -> bool:
    """Set the registry's global compatibility. Returns whether it was another one before. Raises RegistryFault."""
    before = _ask("GET", f"{url}/config").get("compatibilityLevel")
    if before == COMPATIBILITY:
        return False
    _ask("PUT", f"{url}/config", {"compatibility": COMPATIBILITY})
    return True


def registered_schema(url: str, subject: str) -> object | None:
    """The newest schema of `subject`, parsed; None where nothing was registered yet. Raises RegistryFault."""
    try:
        found: object = json.loads(_ask("GET", f"{url}/subjects/{subject}/versions/latest")["schema"])
    except _Absent:
        return None
    return found


def committed(folder: Path, subject: str) -> object | None:
    """The committed schema of `subject`, parsed; None where there is none."""
    path = folder / f"{subject}.avsc"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def differing(url: str, folder: Path, subjects: Iterable[str]) -> tuple[str, ...]:
    """The subjects whose registered and committed schemas differ. A subject is registered with its table's first row: until then it cannot differ."""
    found = ((subject, registered_schema(url, subject)) for subject in subjects)
    return tuple(subject for subject, schema in found if schema is not None and schema != committed(folder, subject))


def write(url: str, folder: Path, subjects: Iterable[str]) -> tuple[str, ...]:
    """Write the registered schemas over the committed ones. Returns the subjects whose files changed; unregistered ones are left alone."""
    written = []
    for subject in subjects:
        schema = registered_schema(url, subject)
        if schema is not None and schema != committed(folder, subject):
            (folder / f"{subject}.avsc").write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(subject)
    return tuple(written)


class _Absent(Exception):
    """The registry knows no such subject."""


def _ask(method: str, url: str, body: dict[str, str] | None = None) -> dict[str, str]:
    try:
        answer = httpx.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
    except httpx.TransportError as error:
        raise RegistryFault(f"schema registry: {method} {url}: {type(error).__name__}: {error}; see make status") from error
    if answer.status_code == _NOT_FOUND:
        raise _Absent(url)
    if answer.is_error:
        raise RegistryFault(f"schema registry: {method} {url}: {answer.status_code} {answer.text}")
    return dict(answer.json())
