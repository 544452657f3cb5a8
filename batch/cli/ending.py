"""How the cold path's commands end: refusals, errors in one line, and being told to stop."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
import httpx
import psycopg
from confluent_kafka import KafkaException

from aegis.cli.observing.side_by_side import one_line
from aegis.errors import AegisError

ERRORS = (AegisError, psycopg.Error, KafkaException, httpx.HTTPError, OSError)
TERMINATED = 128 + signal.SIGTERM


class Terminated(SystemExit):
    """Somebody told the command to stop."""


class Refused(click.ClickException):
    """Nothing was changed, and nothing would come of asking again in the same words."""

    exit_code = 2


@contextmanager
def translated() -> Iterator[None]:
    """What servers say, in one line."""
    try:
        yield
    except ERRORS as error:
        raise click.ClickException(str(error) if isinstance(error, AegisError) else f"{one_line(error)}; see `aegis doctor`") from error


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does: leases are given back, children are ended, the run is recorded as failed."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_number: int, _frame: Any) -> NoReturn:
    raise Terminated(TERMINATED)


def ask(question: str, *, yes: bool) -> None:
    """Ask whoever sits at the terminal; a program is not asked. Raises click.Abort for a no."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)
