"""Writing files so that an interruption leaves the old one or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from infra.local.account import Account


def _replace(path: Path, text: str, mode: int, owner: Account | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        if owner is not None:
            owner.give(Path(aside))
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def write_private(path: Path, text: str, owner: Account | None = None) -> None:
    """Replace a file that only its owner may read (0600)."""
    _replace(path, text, 0o600, owner)


def write_public(path: Path, text: str) -> None:
    """Replace a file that everybody may read (0644)."""
    _replace(path, text, 0o644, None)
