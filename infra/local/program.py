"""One supervised process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Program:
    """A process, as the supervisor is told of it."""

    name: str
    command: tuple[str, ...]
    folder: str
    """Working folder."""
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    """Whom it runs as; None: as the supervisor."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Field of the port plan -> port."""
    needs: tuple[str, ...] = ()
    """Programs that must be ready before this one starts."""
    stop_signal: str = "TERM"
    stop_seconds: int = 30
    """How long it may take to stop before it is killed."""
    start_seconds: int = 5
    """A process that ends sooner after its start than this counts as a failed start."""
    metrics_port: int | None = None
    """Where an app serves /metrics and /health; None for a server."""
