"""Jars and archives by Maven coordinates, held to the hashes in `jars/jars.sha256`.

Each `jars/<name>.xml` is a Maven project that copies its artifacts into a folder. Maven keeps what it downloaded in its own repository (`~/.m2`), so nothing
comes over the network twice.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

JARS = Path(__file__).parent / "jars"
LOCK = JARS / "jars.sha256"


class JarError(RuntimeError):
    """An artifact that Maven could not get, or that is not the one that was pinned."""


def file_hash(path: Path) -> str:
    """The sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def found_hashes(folder: Path) -> dict[str, str]:
    """Path below the folder -> sha256, of every artifact in it."""
    return {str(path.relative_to(folder)): file_hash(path) for path in sorted(folder.rglob("*")) if path.suffix in {".jar", ".gz", ".zip"}}


def pinned_hashes(lock: str, name: str) -> dict[str, str]:
    """What the lock (lines of `<sha256>  <name>/<path>`) says of one project: path -> sha256."""
    pinned = {}
    for line in lock.splitlines():
        digest, _, path = line.partition("  ")
        project, _, file = path.partition("/")
        if project == name:
            pinned[file] = digest
    return pinned


def differences(pinned: dict[str, str], found: dict[str, str]) -> list[str]:
    """One line for each artifact that is missing, not pinned, or another than the pinned one; empty when all agree."""
    lines = [f"{path}: missing" for path in sorted(pinned.keys() - found.keys())]
    lines += [f"{path}: not in the lock" for path in sorted(found.keys() - pinned.keys())]
    lines += [f"{path}: sha256 {found[path]}, pinned {pinned[path]}" for path in sorted(pinned.keys() & found.keys()) if pinned[path] != found[path]]
    return lines


def _maven(name: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarError("mvn is not installed: run infra/local/setup.sh, or `apt-get install maven`")
    command = [maven, "-B", "-q", "-ntp", "-f", str(JARS / f"{name}.xml"), f"-Djars.dir={folder}", "process-resources"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        raise JarError(f"Maven could not get the artifacts of {name}:\n{result.stdout.strip()}\nCheck the network and Maven's settings, then run again")


def fetch_jars(name: str, folder: Path) -> None:
    """Put the artifacts of one project into an empty folder, every one of them verified. Raises JarError."""
    _maven(name, folder)
    wrong = differences(pinned_hashes(LOCK.read_text(encoding="utf-8"), name), found_hashes(folder))
    if wrong:
        raise JarError(f"the artifacts of {name} are not those pinned in {LOCK}:\n  " + "\n  ".join(wrong))
