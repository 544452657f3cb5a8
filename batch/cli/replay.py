"""`aegis replay`: let one derived store read the log again, then compare it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis.cli.screen import screen
from aegis.cli.store_name import STORE
from aegis.consumer_groups import consumer_group
from aegis.correction import CORRECTIONS_TOPIC
from aegis.derivations import CAPTURED, shapes
from aegis.envelope import table_topic
from aegis.settings import settings
from batch.cli.bar import bar
from batch.cli.ending import Refused, ask, stoppable, translated
from batch.cli.reconcile import COLOURS
from batch.reach import Course
from batch.replay import BeyondReach, Means, Order, Replayed, last_rate, plan, refuse_gaps, replay
from batch.report import MEANING, total
from batch.runs import EXIT_CODES
from batch.whence import Beginning, UnknownPlace, Whence, at, since


@click.command("replay")
@click.argument("store", type=STORE)
@click.option("--from-beginning", is_flag=True, help="Everything that the log has; refused where it no longer has everything.")
@click.option("--to-time", metavar="T", help="Back to a time: ISO 8601 (without a zone: Asia/Seoul), or so long ago: 30m, 2h, 1d12h.")
@click.option("--offset", "offsets", metavar="P:O", multiple=True, help="Partition P of --table's topic (or --topic) from offset O on. May be repeated.")
@click.option("--table", type=click.Choice(sorted(CAPTURED)), help="Only this table.")
@click.option("--topic", type=click.Choice([CORRECTIONS_TOPIC]), help="With --offset: the corrections instead of a table.")
@click.option("--as-far-as-possible", is_flag=True, help="Read what the log still has, where it no longer has all that was asked for.")
@click.option("--dry-run", is_flag=True, help="Say what would be read, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Only a terminal is asked.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(store: str, as_far_as_possible: bool, dry_run: bool, yes: bool, as_json: bool, **origin: Any) -> None:
    """Let STORE read the log again, then compare it with PostgreSQL. STORE: a name, or vector, graph, search, cache.

    Says first what will be read. Pauses the store's app, moves its consumer group back, lets it go on, waits until it has passed what the log had at that
    moment, and ends with a deep comparison that repairs what the log could not change. Other stores are not touched. Broken off, it can be run again.

    Exit code 0: equal. 3: equal after repairs. 4: drift is left. 1: failed. 2: refused, nothing was changed (the log no longer reaches back that far).
    """
    order = _order(store, as_far_as_possible, **origin)
    with translated():
        means = _means(order)
        course = _planned(order, means)
        rate = _rate(order)
        shown = document(order, course, rate)
        if not as_json:
            show_course(screen(), order, course, rate)
        elif dry_run:
            click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
        _refuse_gaps(order, course)
        if dry_run:
            return
        ask(f"Replay {order.store}?", yes=yes)
        with stoppable(), bar() as progress:
            done = replay(order, means, progress)
    if as_json:
        click.echo(orjson.dumps(shown | outcome(done), option=orjson.OPT_INDENT_2))
    else:
        show_outcome(screen(), done)
    sys.exit(EXIT_CODES[done.result.verdict])


def _order(
    store: str, as_far_as_possible: bool, *, from_beginning: bool, to_time: str | None, offsets: tuple[str, ...], table: str | None, topic: str | None
) -> Order:
    """What was asked for. Raises click.UsageError."""
    if [from_beginning, to_time is not None, bool(offsets)].count(True) != 1:
        raise click.UsageError("say once from where: --from-beginning, --to-time T or --offset P:O")
    if table is not None and table not in shapes(store):
        raise click.UsageError(f"{store} has nothing of {table}; it has {', '.join(sorted(shapes(store)))}")
    if topic is not None and (table is not None or not offsets):
        raise click.UsageError("--topic goes with --offset, in place of --table")
    try:
        whence = _whence(to_time, offsets, topic or (table_topic(table) if table else None))
    except UnknownPlace as error:
        raise click.UsageError(str(error)) from error
    return Order(store, whence, (table,) if table else (), as_far_as_possible)


def _whence(to_time: str | None, offsets: tuple[str, ...], topic: str | None) -> Whence:
    if to_time is not None:
        return since(to_time, datetime.now(UTC))
    if not offsets:
        return Beginning()
    if topic is None:
        raise UnknownPlace("--offset needs --table TABLE: offsets count for one topic alone")
    return at(topic, offsets)


def _means(order: Order) -> Means:
    from batch.replaying import means_of

    return means_of(settings(), order.store, order.tables, "replay")


def _planned(order: Order, means: Means) -> Course:
    try:
        return plan(order, means.log, means.group)
    except UnknownPlace as error:
        raise Refused(str(error)) from error


def _refuse_gaps(order: Order, course: Course) -> None:
    try:
        refuse_gaps(order, course)
    except BeyondReach as error:
        raise Refused(str(error)) from error


def _rate(order: Order) -> float | None:
    with psycopg.connect(settings().postgres_operator_dsn.get_secret_value(), row_factory=dict_row, connect_timeout=10) as connection:
        return last_rate(connection, order.store)


def document(order: Order, course: Course, rate: float | None) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "store": order.store,
        "group": consumer_group(order.store),
        "whence": str(order.whence),
        "legs": [
            {"topic": leg.place[0], "partition": leg.place[1], "from": leg.start, "to": leg.end, "messages": leg.messages, "gap": leg.gap or None}
            for leg in course.legs
        ],
        "messages": course.messages,
        "reaches": not course.gaps,
        "gaps": course.gaps,
        "estimated_seconds": None if rate is None else round(course.messages / rate, 1),
    }


def show_course(console: Console, order: Order, course: Course, rate: float | None) -> None:
    """Print the plan for people."""
    table = Table("topic", "partition", "from", "to", "messages", "", title=f"{order.store}, {escape(str(order.whence))}", title_justify="left")
    for leg in course.legs:
        table.add_row(leg.place[0], str(leg.place[1]), f"{leg.start:,}", f"{leg.end:,}", f"{leg.messages:,}", "[yellow]incomplete[/]" if leg.gap else "")
    console.print(table)
    time = f", about {course.messages / rate:,.0f} s at the last rate of {rate:,.0f}/s" if rate else ""
    reach = "[yellow]the log no longer has all of it[/]" if course.gaps else "the log has all of it"
    console.print(f"{course.messages:,} messages to read again{time}; {reach}", highlight=False)
    for gap in course.gaps if order.as_far_as_possible else ():
        console.print(f"  [yellow]{escape(gap)}[/]", highlight=False)


def outcome(done: Replayed) -> dict[str, Any]:
    """The end as JSON values."""
    result = done.result
    return {
        "messages": done.course.messages,
        "read_seconds": round(done.seconds, 3),
        "run_id": done.run_id,
        "verdict": result.verdict.value,
        "message": result.message or None,
        "comparison": result.run_id,
        "found": total(result.summary, 1),
        "reports": [str(path) for path in result.reports],
    }


def show_outcome(console: Console, done: Replayed) -> None:
    """Print the end for people."""
    result = done.result
    console.print(f"{done.course.messages:,} messages read again in {done.seconds:,.1f} s", highlight=False)
    colour = COLOURS[result.verdict]
    console.print(f"[{colour}]{result.verdict.value.replace('_', ' ')}[/] run {done.run_id}: {MEANING[result.verdict]}", highlight=False)
    if found := total(result.summary, 1):
        listed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in found.items())
        console.print(f"the comparison ({result.run_id}) found {listed}, and published {result.summary['repairs_published']:,} repairs", highlight=False)
    if result.message:
        console.print(f"[{colour}]{escape(result.message)}[/]", highlight=False)
    for path in result.reports:
        console.print(f"report: {path}", highlight=False, soft_wrap=True)
