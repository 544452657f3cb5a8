"""What a command of the collectors works with: its logs, its order, its connection."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg

from aegis.files.storage import FilesUnavailable, Storage
from aegis.settings import Settings
from aegis.telemetry.logs import configure_logs
from aegis.telemetry.traces import configure_traces, current_traceparent, span
from collectors.keeping import Keeper
from collectors.portals import PORTALS
from collectors.run import Keep
from collectors.staging import Order
from collectors.store import AlreadyRunning, Outdated, PolicyStore


def collector_logs(configured: Settings) -> None:
    """Structured lines to stderr; warnings alone where a person reads them."""
    configure_logs("WARNING" if sys.stderr.isatty() else configured.aegis_log_level, "collector", stream=sys.stderr)


def order(configured: Settings, source: str, url: str | None, page_size: int | None, *, dry_run: bool = False, force_archive: bool = False) -> Order:
    """What to collect. Raises ClickException where the portal's key is not set."""
    portal, api_key = PORTALS[source], key(configured, source)
    if not api_key:
        raise click.ClickException(f"no key for {portal.title}: set {source.upper()}_API_KEY in the environment (any text for the simulator)")
    return Order(portal, url or address(configured, source), api_key, page_size or portal.page_size, dry_run, force_archive)


def address(configured: Settings, source: str) -> str:
    """Where the portal's interface is, by the settings."""
    return {"bizinfo": configured.bizinfo_url, "gov24": configured.gov24_url}[source]


def key(configured: Settings, source: str) -> str:
    """The portal's key, by the settings; empty where none is set."""
    return {"bizinfo": configured.bizinfo_api_key, "gov24": configured.gov24_api_key}[source].get_secret_value()


def keeping(configured: Settings, store: PolicyStore, source: str, *, dry_run: bool) -> Keep:
    """Leaves the files of a collection where the settings say; in a dry run, or without a place, leaves none. Raises ClickException where that is no place."""
    if dry_run or not configured.aegis_files_url:
        return lambda pages: pages
    try:
        return Keeper(Storage(configured.aegis_files_url), store.connection, source).kept
    except FilesUnavailable as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened_store(configured: Settings, source: str, *, dry_run: bool) -> Iterator[PolicyStore]:
    """The tables of one source, within a span. PostgreSQL's errors, and those of somebody else at work, leave it as a ClickException with the remedy."""
    traces = configure_traces("collector")
    dsn = configured.postgres_collector_dsn.get_secret_value()
    try:
        with span(f"collect {source}"), psycopg.connect(dsn, autocommit=True) as connection:
            yield PolicyStore(connection, source, dry_run=dry_run, traceparent=current_traceparent())
    except (AlreadyRunning, Outdated) as error:
        raise click.ClickException(str(error)) from error
    except psycopg.OperationalError as error:
        raise click.ClickException(f"PostgreSQL does not answer ({str(error).strip()}): start it with `make up`, or check POSTGRES_COLLECTOR_DSN") from error
    except psycopg.Error as error:
        raise click.ClickException(
            f"PostgreSQL refused ({type(error).__name__}: {str(error).strip()}): bring the schema up to date with `aegis migrate`"
        ) from error
    finally:
        traces.shutdown()
