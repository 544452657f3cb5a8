"""The portal simulator as a child process on a free loopback port, and collectors run against it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import click
import httpx
import orjson

CHECKOUT = Path(__file__).resolve().parents[3]
SIMULATOR = CHECKOUT / "infra" / "local" / "portals"
LOOPBACK = "127.0.0.1"
API_KEY = "demo"
START_SECONDS = 30.0
COLLECT_SECONDS = 120.0
SOURCES = {"bizinfo": "기업마당", "gov24": "보조금24"}
"""Source → the portal's name, as the simulator prints it."""


@contextmanager
def simulated_portals() -> Iterator[Mapping[str, str]]:
    """Source → address of its interface, while the block runs. The records are generated, and say so in their titles."""
    if not SIMULATOR.is_dir():
        raise click.ClickException(f"the portal simulator is not at {SIMULATOR}: run the demo from a checkout, with `make demo`")
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "infra.local.portals", "--port", str(port), "--api-key", API_KEY]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8") as child:
        try:
            yield _addresses(child, port)
        finally:
            child.terminate()
            child.wait(10)


def _addresses(child: subprocess.Popen[str], port: int) -> dict[str, str]:
    assert child.stdout is not None
    lines: list[str] = []
    found: dict[str, str] = {}
    while len(found) < len(SOURCES) and (line := child.stdout.readline()):
        lines.append(line)
        found |= {source: match[0] for source, title in SOURCES.items() if line.startswith(title) and (match := re.search(r"http://\S+", line))}
    deadline, pause = monotonic() + START_SECONDS, Event()
    while child.poll() is None and len(found) == len(SOURCES) and monotonic() < deadline:
        try:
            httpx.get(f"http://{LOOPBACK}:{port}/admin/state", timeout=1).raise_for_status()
        except httpx.HTTPError:
            pause.wait(0.05)
        else:
            return found
    raise click.ClickException(f"the portal simulator did not start on port {port}: {''.join(lines).strip() or 'it said nothing'}")


def collect(source: str, url: str) -> dict[str, Any]:
    """Run the collector of `source` against `url`, as an operator would; its summary. Raises click's exception with what it said where it fails."""
    command = [sys.executable, "-c", "from aegis.cli.main import main; main()", "collect", "run", source, "--url", url, "--json"]
    environment = {**os.environ, f"{source.upper()}_API_KEY": API_KEY}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=COLLECT_SECONDS, check=False)
    if done.returncode:
        raise click.ClickException(f"`aegis collect run {source}` failed:\n{done.stderr.strip()}")
    summary: dict[str, Any] = orjson.loads(done.stdout.strip().splitlines()[-1])
    return summary
