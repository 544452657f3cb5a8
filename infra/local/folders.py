"""Where the stack keeps its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RUN_LINK = ".run"


@dataclass(frozen=True, slots=True)
class Folders:
    """The three places: the sources, what was downloaded (shared by all checkouts), what runs (data, logs, configuration, passwords)."""

    checkout: Path
    cache: Path
    home: Path

    @property
    def environment_file(self) -> Path:
        return self.home / "aegis.env"

    @property
    def secrets_file(self) -> Path:
        return self.home / "secrets.json"

    @property
    def processes_file(self) -> Path:
        return self.home / "processes.json"

    @property
    def supervisor_configuration(self) -> Path:
        return self.home / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return self.home / "supervisor.sock"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def server(self, name: str) -> Path:
        """One server's own folder: configuration and data."""
        return self.home / name


def _home_of_root(checkout: Path) -> Path:
    """Servers of root's stack run as another user, who may not be able to enter the checkout (/root is often 0700)."""
    digest = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    return Path("/var/lib/aegis") / f"{checkout.name}-{digest}"


def choose_folders(checkout: Path, environment: Mapping[str, str], *, is_root: bool, user_home: Path) -> Folders:
    """The folders of this checkout; `AEGIS_HOME` and `AEGIS_CACHE` set them."""
    default_cache = Path("/var/cache/aegis") if is_root else Path(environment.get("XDG_CACHE_HOME") or user_home / ".cache") / "aegis"
    default_home = _home_of_root(checkout) if is_root else checkout / RUN_LINK
    return Folders(
        checkout=checkout,
        cache=Path(environment.get("AEGIS_CACHE") or default_cache).absolute(),
        home=Path(environment.get("AEGIS_HOME") or default_home).absolute(),
    )
