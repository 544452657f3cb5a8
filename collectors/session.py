"""What a command of the collectors works with: its logs, its order, its connection."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeGuard

import click
import psycopg
from psycopg.rows import TupleRow

from aegis.files.storage import FilesUnavailable, Storage
from aegis.settings import Settings
from aegis.telemetry.logs import configure_logs
from aegis.telemetry.traces import configure_traces, current_traceparent, span
from collectors.feeds import Feed
from collectors.feeds.moment import KOREA
from collectors.fetch import Fetcher
from collectors.gating import Gate
from collectors.http import Manners, PoliteClient, manners_for
from collectors.http.proxy import proxies_of_the_environment
from collectors.http.sources import StoredState
from collectors.http.state import MemoryState
from collectors.http.wire import Wire
from collectors.keeping import Keeper
from collectors.pages.known import StoredNotices
from collectors.pages.reading import Reading
from collectors.pages.shelf import BadDescription
from collectors.pages.site import Site
from collectors.portals import ApiPortal
from collectors.portals.portal import Page
from collectors.run import Keep
from collectors.shape import Shape
from collectors.sources import Collected, collected_by_default, source_called
from collectors.staging import Order, Visit, fetched
from collectors.store import AlreadyRunning, Outdated, PolicyStore


def collector_logs(configured: Settings) -> None:
    """Structured lines to stderr; warnings alone where a person reads them."""
    configure_logs("WARNING" if sys.stderr.isatty() else configured.aegis_log_level, "collector", stream=sys.stderr)


def order(
    configured: Settings, source: str, url: str | None, page_size: int | None, *, dry_run: bool = False, force_archive: bool = False, force_gate: bool = False
) -> Order | Visit:
    """What to collect. Raises ClickException where a portal's key is not set."""
    found = source_called(source)
    if isinstance(found, Site):
        return Visit(found.at(url) if url else found, dry_run, force_archive, force_gate)
    api_key = key(configured, found)
    if not api_key and needs_key(found):
        names = " or ".join(f"{name.upper()}_API_KEY" for name in (source, found.shared_key) if name)
        raise click.ClickException(f"no key for {found.title}: set {names} in the environment (any text for the simulator)")
    return Order(found, url or address(configured, found), api_key, page_size or found.page_size, dry_run, force_archive, force_gate)


def needs_key(source: Collected) -> TypeGuard[ApiPortal]:
    """Whether the source answers nobody without a key: every interface; feeds and pages are open."""
    return not isinstance(source, Feed | Site)


def address(configured: Settings, source: Collected) -> str:
    """Where the source is: by `<SOURCE>_URL` (`KOREA_URL` for the feeds), else at its own address; a site where its description says."""
    if isinstance(source, Site):
        return source.description.list.url
    return configured.source("korea" if isinstance(source, Feed) else source.name).url or source.address


def key(configured: Settings, source: Collected) -> str:
    """The portal's key: `<SOURCE>_API_KEY`, else the one that it shares with others; empty where neither is set."""
    if not needs_key(source):
        return ""
    own = configured.source(source.name).api_key.get_secret_value()
    return own or (configured.source(source.shared_key).api_key.get_secret_value() if source.shared_key else "")


def mirror_settings(configured: Settings, mirror: ApiPortal) -> tuple[str, str]:
    """Address and key of a source's mirror: `<SOURCE>_MIRROR_URL`, `<SOURCE>_MIRROR_API_KEY`, else its own address and the key that it shares."""
    own = configured.source(f"{mirror.name}_mirror")
    shared = configured.source(mirror.shared_key).api_key.get_secret_value() if mirror.shared_key else ""
    return own.url or mirror.address, own.api_key.get_secret_value() or shared


def can_be_asked(configured: Settings, source: Collected) -> bool:
    """Whether the source needs no key, or has one."""
    return not needs_key(source) or bool(key(configured, source))


def asked_by_default(configured: Settings) -> list[str]:
    """Names of the sources that `--all`, the schedule and the nightly run take. Raises ClickException where a site's file cannot be used."""
    try:
        return [name for name in collected_by_default() if can_be_asked(configured, source_called(name))]
    except BadDescription as error:
        raise click.ClickException(str(error)) from error


def named(configured: Settings, sources: tuple[str, ...], *, every: bool) -> list[str]:
    """The sources of a command line, each once; with `every` those that are asked by default. Raises ClickException where both are given, or neither."""
    if every == bool(sources):
        raise click.UsageError("name the sources to collect, or give --all" if not every else "--all names every source already: leave the others out")
    names = asked_by_default(configured) if every else list(dict.fromkeys(sources))
    if not names:
        raise click.ClickException("no source can be asked: set a key in the environment, see `aegis collect sources`")
    return names


def pages_of(wanted: Order | Visit, client: PoliteClient, store: PolicyStore) -> Iterator[Page]:
    """The pages of what is wanted, each read when it is asked for. Raises `SourceFailed`."""
    if isinstance(wanted, Visit):
        known, memory = StoredNotices(store.connection, wanted.site.name), MemoryState() if wanted.dry_run else client.state
        return Reading(wanted.site, client.read, known, datetime.now(KOREA).date(), memory=memory).pages()
    return fetched(wanted, Fetcher(client, remembers=not wanted.dry_run))


def gated(
    configured: Settings,
    store: PolicyStore,
    source: str,
    *,
    dry_run: bool,
    force: bool = False,
    name: str | None = None,
    beforehand: Callable[[], Iterable[Shape]] | None = None,
) -> Keep:
    """Lets pass what has the shape of the source's last good listing (or of that under `name`), and keeps its files. `beforehand`: see `Gate.passed`.

    Raises ClickException where files can be left nowhere.
    """
    gate = Gate(store.connection, name or source, force, dry_run)
    keep = keeping(configured, store, source, dry_run=dry_run)
    return lambda pages: keep(gate.passed(pages, beforehand))


def keeping(configured: Settings, store: PolicyStore, source: str, *, dry_run: bool) -> Keep:
    """Leaves the files of a collection where the settings say; in a dry run, or without a place, leaves none. Raises ClickException where that is no place."""
    if dry_run or not configured.aegis_files_url:
        return lambda pages: pages
    try:
        return Keeper(Storage(configured.aegis_files_url), store.connection, source).kept
    except FilesUnavailable as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened_store(configured: Settings, source: str, *, dry_run: bool, only_new: bool = False) -> Iterator[PolicyStore]:
    """The tables of one source, within a span. PostgreSQL's errors, and those of somebody else at work, leave it as a ClickException with the remedy."""
    with told(), span(f"collect {source}"), _connected(configured) as connection:
        yield PolicyStore(connection, source, dry_run=dry_run, traceparent=current_traceparent(), only_new=only_new)


@contextmanager
def opened_client(configured: Settings, wanted: Order | Visit, name: str | None = None) -> Iterator[PoliteClient]:
    """The client that asks for what is wanted. Its state, under the source's name or `name`, has a session of its own: what was asked counts, whatever
    becomes of the answer.
    """
    source, also = name or wanted.source.name, wanted.site.description.places if isinstance(wanted, Visit) else ()
    manners = manners_of(configured, source, wanted.url, *also)
    with told(), _connected(configured) as connection:
        wire = Wire(manners, proxies_of_the_environment(configured.collect_proxy.get_secret_value()))
        with PoliteClient(manners, StoredState(connection, source), wire=wire) as client:
            yield client


def manners_of(configured: Settings, source: str, url: str, *also: str) -> Manners:
    """How the settings want `source` to be asked, at `url` and at the hosts `also`."""
    per_day = configured.collect_daily_limits.get(source)
    return manners_for(source, url, *also, per_second=configured.collect_requests_per_second, per_day=per_day)


@contextmanager
def traced() -> Iterator[None]:
    """Traces of one command; what is left of them is sent at its end."""
    traces = configure_traces("collector")
    try:
        yield
    finally:
        traces.shutdown()


def _connected(configured: Settings) -> psycopg.Connection[TupleRow]:
    return psycopg.connect(configured.postgres_collector_dsn.get_secret_value(), autocommit=True)


@contextmanager
def told() -> Iterator[None]:
    """Errors of PostgreSQL, and of somebody else at work, as ClickExceptions with the remedy."""
    try:
        yield
    except (AlreadyRunning, Outdated) as error:
        raise click.ClickException(str(error)) from error
    except psycopg.OperationalError as error:
        raise click.ClickException(f"PostgreSQL does not answer ({str(error).strip()}): start it with `make up`, or check POSTGRES_COLLECTOR_DSN") from error
    except psycopg.Error as error:
        raise click.ClickException(
            f"PostgreSQL refused ({type(error).__name__}: {str(error).strip()}): bring the schema up to date with `aegis migrate`"
        ) from error
