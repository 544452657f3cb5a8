"""`aegis doctor`: every prerequisite and common fault, with the remedy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis.cli.checks.capture import check_capture, check_postgres
from aegis.cli.checks.cold_path import check_cold_path
from aegis.cli.checks.finding import Finding, Level, fail, ok
from aegis.cli.checks.machine import check_machine, check_ports, process_name
from aegis.cli.checks.pipeline import check_dead_letters, check_elasticsearch, check_groups, check_milvus, check_registry, check_topics
from aegis.cli.observing.servers import Server, probes
from aegis.cli.observing.side_by_side import Fault, ask_all
from aegis.cli.screen import screen
from aegis.settings import Settings, settings

DEADLINE_SECONDS = 10.0
COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}

Check = Callable[[Settings], list[Finding]]
CHECKS: dict[str, tuple[Check, frozenset[str]]] = {
    "postgresql": (check_postgres, frozenset({"postgresql"})),
    "capture": (check_capture, frozenset({"postgresql", "connect"})),
    "topics": (check_topics, frozenset({"kafka"})),
    "stream apps": (check_groups, frozenset({"kafka"})),
    "registry": (check_registry, frozenset({"registry"})),
    "elasticsearch": (check_elasticsearch, frozenset({"elasticsearch"})),
    "milvus": (check_milvus, frozenset({"milvus"})),
    "dead letters": (check_dead_letters, frozenset({"postgresql"})),
    "comparison": (check_cold_path, frozenset({"postgresql"})),
}
"""Check and the servers without which it says nothing new."""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(as_json: bool) -> None:
    """Check every prerequisite and common fault, and name the remedy. Exit code 0: nothing failed; 1: something did."""
    findings = examine(settings())
    if as_json:
        click.echo(orjson.dumps([asdict(finding) for finding in findings], option=orjson.OPT_INDENT_2))
    else:
        _show(screen(), findings)
    sys.exit(1 if any(finding.level is Level.FAIL for finding in findings) else 0)


def examine(configured: Settings) -> list[Finding]:
    """All findings, in the order in which one depends on the other."""
    servers = ask_all(probes(configured), DEADLINE_SECONDS)
    down = {name for name, server in servers.items() if isinstance(server, Fault)}
    answers = ask_all({name: partial(check, configured) for name, (check, needs) in CHECKS.items() if not needs & down}, DEADLINE_SECONDS)
    findings = [*check_machine(configured), *check_ports(configured, [name for name in servers if name in down])]
    findings += [_server(name, server) for name, server in servers.items()]
    for name, answer in answers.items():
        findings += [fail(name, answer.reason, "see `aegis status` and `make status`")] if isinstance(answer, Fault) else answer
    return findings


def _server(name: str, server: Server | Fault) -> Finding:
    if isinstance(server, Fault):
        return fail(name, server.reason, f"`make status`, `make logs SERVICE={process_name(name)}`; start everything with `make up`")
    return ok(name, " ".join(part for part in (server.version, server.detail) if part) or "answers")


def _show(console: Console, findings: list[Finding]) -> None:
    table = Table("", "check", "found", "remedy")
    for finding in findings:
        table.add_row(f"[{COLOURS[finding.level]}]{finding.level}[/]", finding.check, escape(finding.detail), escape(finding.remedy))
    console.print(table)
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    console.print(", ".join(f"[{COLOURS[level]}]{count} {level}[/]" for level, count in counts.items()))
