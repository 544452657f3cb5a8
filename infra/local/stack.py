"""The stack as a whole: up, down, clean."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from infra.local import airflow
from infra.local.apps import WATCHER, app_commands, apps, guard
from infra.local.environment_file import connections, dotenv
from infra.local.files import write_private
from infra.local.folders import RUN_LINK, Folders
from infra.local.neo4j_password import set_password
from infra.local.port_holder import PortTakenError, holder, port_taken_message, taken
from infra.local.postgres_roles import provide_roles
from infra.local.prepare import configuration_hash, prepare
from infra.local.program import Program
from infra.local.progress import say, working
from infra.local.readiness import app_probe, probes
from infra.local.servers import Installation, servers
from infra.local.startup import start_in_order
from infra.local.supervisor_client import Supervisor, start_supervisor
from infra.local.supervisor_configuration import HOME_VARIABLE, supervisor_configuration, too_long_for_a_socket

_STOP_SECONDS = 90.0


class ForeignHomeError(RuntimeError):
    """AEGIS_HOME names the folder of another checkout's stack."""


@contextmanager
def alone(folders: Folders) -> Iterator[None]:
    """One `up`, `down` or `clean` at a time per checkout."""
    folders.home.mkdir(parents=True, exist_ok=True)
    with (folders.home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another make up or make down of this checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        claim_home(folders)
        yield


def stray_processes(home: Path) -> list[psutil.Process]:
    """Processes of this stack whose supervisor is gone (it was killed): they hold ports and locks."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(HOME_VARIABLE) == str(home)
            # Redis writes its title over its environment
            if marked or (process.name() == "redis-server" and Path(process.cwd()) == home / "redis"):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def _end_strays(home: Path) -> None:
    strays = stray_processes(home)
    if not strays:
        return
    with working(f"stopping {len(strays)} processes that a killed supervisor left behind"):
        for process in strays:
            process.terminate()
        _, alive = psutil.wait_procs(strays, timeout=_STOP_SECONDS)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=10)


def check_ports(programs: Sequence[Program], running: set[str]) -> None:
    """Raise PortTakenError when somebody else holds a port of a program that we are about to start."""
    messages = [
        port_taken_message(program.name, port, field, holder(port))
        for program in programs
        if program.name not in running
        for field, port in program.ports.items()
        if taken(port)
    ]
    if messages:
        raise PortTakenError("\n".join(messages))


def claim_home(folders: Folders) -> None:
    """Remember whose folder this is. Raises ForeignHomeError when it is another checkout's: its processes are not ours to stop."""
    owner = folders.home / "checkout"
    if owner.exists():
        other = Path(owner.read_text(encoding="utf-8").strip())
        if other != folders.checkout and other.exists():
            raise ForeignHomeError(f"{folders.home} belongs to the stack of {other}: run make there, or set another AEGIS_HOME here")
    write_private(owner, f"{folders.checkout}\n")


def _link_run_folder(folders: Folders) -> None:
    link = folders.checkout / RUN_LINK
    if link.resolve() == folders.home.resolve():
        return
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        raise RuntimeError(f"{link} is in the way of the link to {folders.home}: move it away")
    link.symlink_to(folders.home)


def _write_processes(folders: Folders, programs: Sequence[Program]) -> None:
    """The list that `aegis status` reads: each process with its metrics port or its server ports."""
    rows: list[dict[str, object]] = []
    for program in programs:
        rows += [{"process": program.name, "port": port, "metrics": program.metrics_port == port} for port in program.ports.values()]
    write_private(folders.processes_file, json.dumps(rows, indent=1) + "\n")


def _run_aegis(folders: Folders, *arguments: str) -> None:
    with working("aegis " + " ".join(arguments)):
        environment = os.environ | {"AEGIS_ENV_FILE": str(folders.environment_file)}
        subprocess.run([str(folders.checkout / ".venv" / "bin" / "aegis"), *arguments], check=True, cwd=folders.checkout, env=environment)


def _with_configuration(installed: Installation, program: Program) -> Program:
    """Lets the supervisor see a changed configuration file as a changed program, so that the server starts again."""
    known = configuration_hash(installed, program.name)
    return replace(program, environment={**program.environment, "AEGIS_CONFIGURATION": known}) if known else program


def up(installed: Installation, workers: int, *, with_airflow: bool = False) -> None:
    """Start everything that does not run, in order, and wait until it is ready. Airflow is started when asked for, and left alone when it runs. Idempotent."""
    folders = installed.folders
    if too_long_for_a_socket(folders.supervisor_socket):
        raise RuntimeError(f"{folders.supervisor_socket} is too long a path for a unix socket: set AEGIS_HOME to a shorter folder")
    supervisor = Supervisor(folders.supervisor_socket)
    if not supervisor.answers():
        _end_strays(folders.home)
    prepare(installed)
    _link_run_folder(folders)
    write_private(folders.environment_file, dotenv(connections(installed.ports, installed.credentials, installed.components.model)))
    own_servers = tuple(_with_configuration(installed, program) for program in servers(installed))
    own_apps = apps(installed, workers)
    has_airflow = with_airflow or _airflow_runs(supervisor)
    own_airflow = _airflow(installed) if has_airflow else ()
    programs = (*own_servers, *own_apps, *own_airflow, guard(installed, workers, with_airflow=has_airflow))
    write_private(folders.supervisor_configuration, supervisor_configuration(programs, folders, is_root=os.geteuid() == 0))
    _write_processes(folders, programs)
    if supervisor.answers():
        supervisor.reload()
    else:
        check_ports(programs, set())
        start_supervisor(folders.supervisor_configuration, supervisor)
    check_ports(programs, {state.group for state in supervisor.states() if state.runs})
    ports, credentials = installed.ports, installed.credentials
    settle = {
        "postgres": lambda: provide_roles(ports.postgres, credentials),
        "neo4j": lambda: set_password(ports.neo4j, credentials.neo4j, folders.server("neo4j") / ".password-set"),
    }
    start_in_order(own_servers, probes(ports, credentials), settle, supervisor)
    for arguments in app_commands(folders.checkout):
        _run_aegis(folders, *arguments)
    _start_apps(own_apps, supervisor)
    if own_airflow:
        airflow.migrate_airflow(installed)
        start_in_order(own_airflow, probes(ports, credentials), {}, supervisor)
    supervisor.start("guard")
    say("the stack is up: `make status` shows it, `make env` prints its connections")
    if own_airflow:
        login = f"password {credentials.airflow_admin}" if with_airflow else "password: `make env`"
        say(f"Airflow's page: {airflow.link(ports)} (user {airflow.USER}, {login})")


def _airflow_runs(supervisor: Supervisor) -> bool:
    return supervisor.answers() and any(state.group in airflow.AIRFLOW and state.runs for state in supervisor.states())


def _airflow(installed: Installation) -> tuple[Program, ...]:
    airflow.prepare_airflow(installed)
    return tuple(_with_configuration(installed, program) for program in airflow.airflow_programs(installed))


def _start_apps(programs: Sequence[Program], supervisor: Supervisor) -> None:
    """Start the apps and wait until they can work. The watcher is not waited for: it is ready when there are connectors, and they come later."""
    ready = {program.name: app_probe(program.metrics_port) for program in programs if program.metrics_port and program.name != WATCHER}
    if programs:
        start_in_order(programs, ready, {}, supervisor)


def _stop_together(supervisor: Supervisor, names: Sequence[str]) -> None:
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        list(pool.map(supervisor.stop, names))


def down(folders: Folders) -> None:
    """Stop everything: apps first, then what feeds them, then the stores. Data stays."""
    supervisor = Supervisor(folders.supervisor_socket)
    if supervisor.answers():
        groups = list(dict.fromkeys(state.group for state in supervisor.states()))
        stores = [name for name in groups if name in {"postgres", "redis", "kafka", "elasticsearch", "neo4j", "milvus"}]
        between = [name for name in groups if name in {"registry", "connect"}]
        with working("stopping the stack"):
            supervisor.stop("guard")
            for names in ([name for name in groups if name not in {*stores, *between, "guard"}], between, stores):
                _stop_together(supervisor, names)
            supervisor.shut_down()
            _await_end(folders)
    _end_strays(folders.home)


def _await_end(folders: Folders) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    pid_file = folders.home / "supervisord.pid"
    while pid_file.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the supervisor did not end within {_STOP_SECONDS:.0f} s: see {folders.logs}/supervisord.log")
        time.sleep(0.1)


def clean(folders: Folders) -> None:
    """Stop everything and remove data, logs, configuration and passwords; what was downloaded stays in the cache."""
    down(folders)
    link = folders.checkout / RUN_LINK
    if folders.home.exists():
        shutil.rmtree(folders.home)
    if link.is_symlink():
        link.unlink()
