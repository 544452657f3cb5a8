"""The folder that files are dropped into: which of them may be taken, and where they go afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Self

from collectors.feeds.moment import KOREA
from collectors.files.mapping import MAPPING
from collectors.files.readers import READERS

TAKEN, FAILED = "taken", "failed"
_UNFINISHED = frozenset({".part", ".partial", ".filepart", ".crdownload", ".tmp", ".swp"})


@dataclass(frozen=True, slots=True)
class Look:
    """What shows that somebody has written to a file."""

    byte_count: int
    modified_ns: int
    changed_ns: int
    """Of its owner and rights, too."""
    inode: int

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """The file as it is now; None where it is gone."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def dropped(folder: Path) -> list[Path]:
    """Files to take, the oldest first: what is said later holds. Hidden and unfinished ones, links and the mapping are none."""
    found = [(look.modified_ns, path) for path in folder.iterdir() if _is_dropped(path) and (look := Look.at(path)) is not None]
    return [path for _, path in sorted(found)]


def has_reader(path: Path) -> bool:
    """Whether its ending is known."""
    return path.suffix.lower() in READERS


def settled(path: Path, seconds: float, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.time) -> Look | None:
    """The file, once nobody has written to it for `seconds`, for which this waits once; None where somebody still does."""
    before = Look.at(path)
    if before is None:
        return None
    age = now() - before.modified_ns / 1e9
    if age < seconds:
        sleep(min(seconds - age, seconds))
    return before if Look.at(path) == before else None


def content_hash(path: Path) -> str:
    """SHA-256 of the file, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def put_away(path: Path, into: str, digest: str, note: str = "") -> Path:
    """Move a file into a folder beside it, with a note where there is something to say. Another file of its name stays. Raises OSError."""
    folder = path.parent / into
    folder.mkdir(exist_ok=True)
    goal = folder / path.name
    if goal.exists():
        goal = folder / f"{path.stem}-{digest[:8]}{path.suffix}"
    path.replace(goal)
    if note:
        goal.with_name(goal.name + ".txt").write_text(f"{datetime.now(KOREA):%Y-%m-%d %H:%M:%S %Z}  {note}\n", encoding="utf-8")
    return goal


def _is_dropped(path: Path) -> bool:
    if path.name == MAPPING or path.name.startswith((".", "~$")) or path.suffix.lower() in _UNFINISHED:
        return False
    return path.is_file() and not path.is_symlink()
