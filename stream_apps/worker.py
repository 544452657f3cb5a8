"""Runs a Faust app in this process, until it is told to stop or has a reason to leave its consumer group."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust
import structlog
from mode import Service

from stream_apps.app import App

log = structlog.get_logger(__name__)

GARBAGE_THRESHOLD = 50_000
"""Objects made and not yet freed before the collector looks."""
ASK_SECONDS = 0.2


class Worker(faust.Worker):
    """Faust's worker, which also stops when `leave()` says so."""

    def __init__(self, *args: Any, leave: Callable[[], bool], **options: Any) -> None:
        self._leave = leave
        self.left = False
        self.told_to_stop = False
        super().__init__(*args, **options)

    def install_signal_handlers(self) -> None:
        """Faust's, but SIGTERM is noticed also while the worker is leaving: it then ends for good."""
        super().install_signal_handlers()
        self.loop.add_signal_handler(signal.SIGTERM, self._told)

    def _told(self) -> None:
        self.told_to_stop = True
        self._stop_in_order()

    @Service.task
    async def _leave_when_asked(self) -> None:
        while not self._leave():
            await self.sleep(ASK_SECONDS)
            if self.should_stop:
                return
        self.left = True
        log.info("worker.leaving")
        self._stop_in_order()

    @staticmethod
    def _stop_in_order() -> None:
        """The way in which an operator would: what is under way is finished and committed, then the group is left."""
        os.kill(os.getpid(), signal.SIGINT)


def run(app: App, leave: Callable[[], bool] = lambda: False) -> None:
    """Run a worker of `app`. Raises SystemExit when it was told to stop, or failed; returns when it has left its group because `leave()` said so."""
    # A batch makes thousands of objects that die together: with Python's thresholds the collector runs every few messages, over everything that was imported.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, *gc.get_threshold()[1:])
    with Path(os.devnull).open("w") as nowhere:  # the worker draws a spinner, and logs say all there is
        worker = Worker(app.faust, quiet=True, override_logging=False, redirect_stdouts=False, stdout=nowhere, leave=leave)
        try:
            worker.execute_from_commandline()
        except SystemExit as end:
            if end.code or worker.told_to_stop or not worker.left:
                raise
