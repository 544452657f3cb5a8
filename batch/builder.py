"""The process that fills a new generation: a worker of the store's app, in a group of its own, that ends with the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from aegis.child import ending_with_parent
from aegis.errors import AegisError, Code

STOP_SECONDS = 60.0
"""For the batch under way and the last commit."""
_SHOWN_BYTES = 2000


class BuilderEnded(AegisError):
    """The process that builds ended by itself."""


class Builder:
    """A worker that builds. Its log goes to `log_file`."""

    def __init__(self, store: str, log_file: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log_file = log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [*ending_with_parent(), sys.executable, "-m", "stream_apps", store, "--building"],
                env={**(environment or os.environ), "AEGIS_METRICS_PORT": "0"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def check(self) -> None:
        """Raises `BuilderEnded` where it no longer runs."""
        code = self._process.poll()
        if code is not None:
            raise BuilderEnded(Code.COLD_PATH_FAILED, f"the process that builds ended with {code}: {self._last_line()}; see {self._log_file}")

    def stop(self) -> None:
        """Let it commit and end; returns when it has. One that does not is killed: what it applied and did not commit is applied again."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_line(self) -> str:
        with self._log_file.open("rb") as written:
            written.seek(max(0, self._log_file.stat().st_size - _SHOWN_BYTES))
            lines = written.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
