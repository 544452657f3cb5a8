"""A Java that is new enough. Elasticsearch and Neo4j need 21."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

NEEDED = 21


class NoJdkError(RuntimeError):
    """No JDK of the needed version was found."""


def release_version(release: str) -> int | None:
    """The feature version in the text of a JDK's `release` file, None when it names none."""
    found = re.search(r'^JAVA_VERSION="(\d+)', release, re.MULTILINE)
    return int(found.group(1)) if found else None


def _version(home: Path) -> int | None:
    release = home / "release"
    if not (home / "bin" / "javac").exists() or not release.is_file():
        return None
    return release_version(release.read_text(encoding="utf-8", errors="replace"))


def choose_jdk(candidates: Iterable[Path]) -> Path:
    """The first candidate that is a JDK of at least NEEDED. Raises NoJdkError with the remedy."""
    for home in candidates:
        version = _version(home)
        if version is not None and version >= NEEDED:
            return home
    raise NoJdkError(
        f"no JDK of version {NEEDED} or newer (JAVA_HOME, /usr/lib/jvm): install one, e.g. `apt-get install openjdk-21-jdk-headless`, or set JAVA_HOME"
    )


def find_jdk(environment: Mapping[str, str]) -> Path:
    """JAVA_HOME if it is new enough, else the first of /usr/lib/jvm."""
    java_home = environment.get("JAVA_HOME")
    installed = sorted(Path("/usr/lib/jvm").glob("*")) if Path("/usr/lib/jvm").is_dir() else []
    return choose_jdk(([Path(java_home)] if java_home else []) + installed)
