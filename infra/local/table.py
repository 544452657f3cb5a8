"""`make status`: what runs, how much memory it takes, and whether it does its work."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
from rich.console import Console
from rich.table import Table

from infra.local.credentials import load_credentials
from infra.local.folders import Folders
from infra.local.ports import Ports
from infra.local.readiness import answers, app_probe, probes
from infra.local.supervisor_client import ProcessState, Supervisor

_NARROWEST = 110
"""Columns, also where there is no terminal to ask."""
MEBIBYTE = 1024 * 1024


def resident_bytes(pid: int) -> int:
    """Memory of a process and all its children; pages that several of them share are counted once (PSS), where this user may see that."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_full_info().pss
        except psutil.AccessDenied:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _ready(state: ProcessState, ports: Ports, folders: Folders, listed: dict[str, list[int]]) -> bool:
    if state.state != "RUNNING":
        return False
    servers = probes(ports, load_credentials(folders.secrets_file))
    if state.name in servers:
        return answers(servers[state.name])
    return all(answers(app_probe(port)) for port in listed.get(state.name, []))


def _ports(folders: Folders) -> dict[str, list[int]]:
    listed: dict[str, list[int]] = {}
    for row in json.loads(folders.processes_file.read_text(encoding="utf-8")):
        listed.setdefault(row["process"], []).append(row["port"])
    return listed


def print_status(folders: Folders, ports: Ports) -> bool:
    """Print the table; returns whether every process is ready. Raises SupervisorDownError when the stack is not up."""
    states = Supervisor(folders.supervisor_socket).states()
    listed = _ports(folders)
    with ThreadPoolExecutor(max_workers=len(states)) as pool:
        ready = list(pool.map(lambda state: _ready(state, ports, folders, listed), states))
    table = Table(title=f"Native stack in {folders.home}")
    for name, align in (
        ("process", "left"),
        ("state", "left"),
        ("pid", "right"),
        ("up", "right"),
        ("ports", "left"),
        ("memory MB", "right"),
        ("ready", "left"),
    ):
        table.add_column(name, justify="right" if align == "right" else "left", no_wrap=True)
    total = 0
    for state, is_ready in zip(states, ready, strict=True):
        memory = resident_bytes(state.pid) if state.pid else 0
        total += memory
        colour = "green" if is_ready else "red"
        since = f"{time.time() - state.started:.0f} s" if state.pid else ""
        numbers = ", ".join(str(port) for port in listed.get(state.name, []))
        word = f"[{colour}]{'ready' if is_ready else 'not ready'}[/]"
        table.add_row(state.name, state.state, str(state.pid or ""), since, numbers, f"{memory / MEBIBYTE:.0f}" if memory else "", word)
    table.add_section()
    table.add_row("all", "", "", "", "", f"{total / MEBIBYTE:.0f}", "")
    console = Console()
    Console(width=max(console.width, _NARROWEST)).print(table)
    return all(ready)
