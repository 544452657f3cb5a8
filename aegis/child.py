"""Child processes that end with the process that started them."""

from __future__ import annotations

import shutil


def ending_with_parent() -> list[str]:
    """What to start a command with: who is killed must not leave one behind that holds a lock or writes, and only the kernel sees every way to die."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
