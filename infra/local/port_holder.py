"""Who listens on a port already."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

import psutil

from infra.local.ports import HOST, PREFIX


class PortTakenError(RuntimeError):
    """Somebody else listens on a port of the plan."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process as the error message names it."""

    pid: int
    user: str
    command: str


def taken(port: int) -> bool:
    """Whether nobody could listen on this port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False


def holder(port: int) -> Holder | None:
    """Who listens on the port; None where this user may not see it (another user's process, and we are not root)."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                process = psutil.Process(connection.pid)
                return Holder(process.pid, process.username(), " ".join(process.cmdline()).strip()[:120] or process.name())
            except psutil.NoSuchProcess:
                continue
    return None


def port_taken_message(process: str, port: int, field: str, by: Holder | None) -> str:
    """What the operator reads: which port, for whom, held by whom, and what to do."""
    who = f"process {by.pid} of user {by.user} ({by.command})" if by else "a process that this user may not see (try `sudo ss -ltnp`)"
    return f"port {port}, which {process} needs, is held by {who}: stop it, or give {process} another port with {PREFIX}{field.upper()}=…"
