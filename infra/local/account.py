"""Whom the servers run as."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SERVER_USER = "aegis"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int

    def owns(self, *paths: Path) -> None:
        """Make folders that belong to this account, closed to all others."""
        for path in paths:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.give(path)

    def give(self, path: Path) -> None:
        """Let a file or folder belong to this account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def server_account() -> Account:
    """PostgreSQL and Elasticsearch refuse root, so root's servers run as a system user of their own (made here); anybody else's run as themselves."""
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()))
    try:
        return _account(pwd.getpwnam(SERVER_USER))
    except KeyError:
        useradd = shutil.which("useradd") or "/usr/sbin/useradd"
        shell = shutil.which("nologin") or "/usr/sbin/nologin"
        subprocess.run([useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", shell, SERVER_USER], check=True)
        return _account(pwd.getpwnam(SERVER_USER))
