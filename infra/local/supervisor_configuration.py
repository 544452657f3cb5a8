"""The supervisor's configuration, as text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.folders import Folders
from infra.local.program import Program

START_ATTEMPTS = 10
"""The cap: so many failed starts in a row (the pauses between them grow by a second each: about a minute in all), then the process is FATAL and stays
down until `make up`. A process that stayed up for its start seconds begins again at none."""
LOG_BYTES = "20MB"
LOG_BACKUPS = 3
_LONGEST_SOCKET_PATH = 107
HOME_VARIABLE = "AEGIS_STACK_HOME"
"""In the environment of every process of the stack: tells its processes from those of another checkout."""


def _value(text: str) -> str:
    """A value in an `environment=` line. Raises ValueError for what supervisor cannot hold there."""
    if re.search(r'["\\\n]', text):
        raise ValueError(f"{text!r} holds a quote, a backslash or a line break, which the supervisor cannot pass on: choose another AEGIS_HOME or AEGIS_CACHE")
    return '"' + text.replace("%", "%%") + '"'


def _environment(variables: Mapping[str, str]) -> str:
    return ",".join(f"{name}={_value(value)}" for name, value in variables.items())


def program_section(program: Program, folders: Folders) -> str:
    """The `[program:…]` section of one program."""
    log = folders.logs / f"{program.name}.log"
    lines = [
        f"[program:{program.name}]",
        f"command={shlex.join(program.command).replace('%', '%%')}",
        f"directory={program.folder.replace('%', '%%')}",
        f"environment={_environment({HOME_VARIABLE: str(folders.home), **program.environment})}",
        "autostart=false",
        "autorestart=true",
        f"startsecs={program.start_seconds}",
        f"startretries={START_ATTEMPTS}",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        # launchers (Elasticsearch) have the server as their child; a postmaster's children go with it by its own doing, and must not get its signal
        *(("stopasgroup=true",) if program.name != "postgres" else ()),
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={str(log).replace('%', '%%')}",
        f"stdout_logfile_maxbytes={LOG_BYTES}",
        f"stdout_logfile_backups={LOG_BACKUPS}",
    ]
    if program.user is not None:
        lines.append(f"user={program.user}")
    return "\n".join(lines) + "\n"


def supervisor_configuration(programs: Sequence[Program], folders: Folders, *, is_root: bool) -> str:
    """The whole file. The control socket is a unix socket that only its owner may use; nothing listens on a port."""
    home = str(folders.home).replace("%", "%%")
    head = f"""[unix_http_server]
file={home}/supervisor.sock
chmod=0700

[supervisord]
directory={home}
pidfile={home}/supervisord.pid
logfile={home}/logs/supervisord.log
logfile_maxbytes={LOG_BYTES}
logfile_backups={LOG_BACKUPS}
loglevel=info
{"user=root" if is_root else ""}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

"""
    return head + "\n".join(program_section(program, folders) for program in programs)


def too_long_for_a_socket(path: Path) -> bool:
    """Unix sockets have at most 107 bytes of path; the supervisor adds its own pid to it while it starts."""
    return len(f"{path}.1234567") > _LONGEST_SOCKET_PATH
