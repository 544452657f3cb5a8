"""Puts together what a rebuild of the running pipeline works with."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial

import psycopg
from psycopg.rows import dict_row

from aegis.consumer_groups import building_group
from aegis.derivations import shapes
from aegis.registry import Registry
from aegis.settings import Settings
from aegis.stores.generations import Generations
from aegis.stores.opening import HAVE_GENERATIONS, open_store, opened
from batch.builder import Builder
from batch.completeness import observe
from batch.generation import Site
from batch.group import Group
from batch.kafka_log import KafkaLog
from batch.progress import Progress
from batch.rebuild import Rebuilding
from batch.reconcile import reconcile
from batch.replay import Means
from batch.replaying import comparison, means_of
from batch.request import Result
from batch.runs import Run
from batch.snapshot import Snapshots, source_offset


def plan_rebuild(settings: Settings, store: str, tables: tuple[str, ...], *, in_place: bool, snapshot: bool) -> Rebuilding:
    """How `store` would be rebuilt now. A part of the tables is rebuilt in place: generations of all tables move together. `snapshot`: not by the log.

    Raises `MissingTopic`, `RegistryUnavailable`, KafkaException and psycopg.Error.
    """
    dsn = settings.postgres_operator_dsn.get_secret_value()
    log = KafkaLog(settings.kafka_bootstrap_servers)
    with closing(Registry(settings.schema_registry_url)) as registry, psycopg.connect(dsn, row_factory=dict_row, connect_timeout=10) as connection:
        standing = observe(tables or tuple(shapes(store)), log, registry.codec(), connection)
    if snapshot:
        standing = {table: replace(one, lacking=one.lacking or "a snapshot was asked for") for table, one in standing.items()}
    return Rebuilding(store, tables, standing, beside=store in HAVE_GENERATIONS and not in_place and not tables)


def means_for(settings: Settings, plan: Rebuilding) -> Means:
    """What the rebuild works with. After a switch the comparison need not be deep: the new generation was compared deeply before."""
    means = means_of(settings, plan.store, plan.tables, "rebuild")
    if not plan.beside:
        return means
    request = replace(comparison(plan.store, plan.tables, "rebuild, after the switch"), deep=False)
    return replace(means, compare=lambda progress: reconcile(settings, request, progress))


def site_for(settings: Settings, plan: Rebuilding, means: Means, generations: Generations) -> Site:
    """Where the new generation is built."""
    group = Group(building_group(plan.store), means.log.offsets)
    logs = settings.aegis_report_dir
    return Site(generations, group, lambda run_id: Builder(plan.store, logs / f"rebuild-{run_id}.log"), partial(_compare_built, settings, plan, group.name))


def _compare_built(settings: Settings, plan: Rebuilding, group: str, progress: Progress) -> Result:
    with closing(open_store(plan.store, settings, building=True)) as built:
        request = comparison(plan.store, plan.tables, "rebuild, before the switch")
        return reconcile(settings, request, progress, stores={plan.store: built}, groups={plan.store: group})


def prepare(settings: Settings, store: str) -> None:
    """Make what the store's schema lacks."""
    with opened(store, settings) as found:
        found.prepare()


def snapshots_for(settings: Settings, means: Means, run: Run) -> Snapshots:
    """Snapshots of the running connector, asked for in the session of `run`."""
    return Snapshots(run.connection, partial(source_offset, settings.connect_url), means.log.offsets)
