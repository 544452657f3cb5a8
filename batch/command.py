"""`aegis` as a child process: what a schedule does is what a person at the command line does, with the same words, locks and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from aegis.child import ending_with_parent
from batch.folders import CHECKOUT, report_folder

PROGRAM = Path(sys.executable).with_name("aegis")
_KEPT_LINES = 20
_STOP_SECONDS = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended."""

    exit_code: int
    said: Any
    """The JSON that it printed; None where it printed none."""
    text: str
    """What it printed."""
    complaint: str
    """What it gave as its error; its last lines where it gave none."""


def aegis(*arguments: str) -> Answer:
    """Run `aegis` with these arguments, from the checkout. Its progress goes to the log, line by line; it ends with the process that called it."""
    log.info("command.started", command=" ".join(arguments))
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603
            [*ending_with_parent(), str(PROGRAM), *arguments],
            cwd=CHECKOUT,
            env=os.environ | {"AEGIS_REPORT_DIR": str(report_folder())},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            lines = _progress(process)
            exit_code = process.wait()
        except BaseException:  # a time limit, or whoever stops the task
            _stop(process)
            raise
        output.seek(0)
        printed = output.read()
    log.info("command.ended", command=" ".join(arguments), exit_code=exit_code)
    return Answer(exit_code, _json(printed), printed.decode(errors="replace"), _complaint(lines))


def _progress(process: subprocess.Popen[str]) -> deque[str]:
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    assert process.stderr is not None
    with process.stderr as progress:
        for line in progress:
            lines.append(line.rstrip())
            log.info(lines[-1])
    return lines


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _json(output: bytes) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return None


def _complaint(lines: deque[str]) -> str:
    errors = [number for number, line in enumerate(lines) if line.startswith("Error: ")]
    return "\n".join(list(lines)[errors[-1] :]).removeprefix("Error: ") if errors else "\n".join(lines)
