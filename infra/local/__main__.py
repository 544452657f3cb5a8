"""The commands behind the Makefile: `python -m infra.local --help`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from infra.local.account import server_account
from infra.local.airflow import airflow_connections
from infra.local.apps import MOST_WORKERS
from infra.local.components import model_folder, provide_components
from infra.local.credentials import load_credentials
from infra.local.environment_file import connections, export_lines
from infra.local.folders import Folders, choose_folders
from infra.local.jars import JarError
from infra.local.jdk import NoJdkError, find_jdk
from infra.local.port_holder import PortTakenError
from infra.local.ports import PortSettingError, port_plan
from infra.local.programs_of_the_system import MissingProgramError, postgres_programs, redis_server
from infra.local.servers import Installation
from infra.local.stack import alone, clean, down, up
from infra.local.startup import StartError
from infra.local.supervisor_client import Supervisor, SupervisorDownError
from infra.local.table import print_status

_EXPECTED = (
    JarError,
    NoJdkError,
    PortTakenError,
    PortSettingError,
    MissingProgramError,
    StartError,
    SupervisorDownError,
    subprocess.CalledProcessError,
    RuntimeError,
)


def _folders() -> Folders:
    checkout = Path(__file__).resolve().parents[2]
    return choose_folders(checkout, os.environ, is_root=os.geteuid() == 0, user_home=Path.home())


def _installation() -> Installation:
    folders, jdk = _folders(), find_jdk(os.environ)
    folders.home.mkdir(parents=True, exist_ok=True)
    return Installation(
        folders=folders,
        ports=port_plan(os.environ),
        credentials=load_credentials(folders.secrets_file),
        account=server_account(),
        components=provide_components(folders.cache, jdk),
        jdk=jdk,
        postgres_programs=postgres_programs(),
        redis_server=redis_server(),
    )


@click.group()
def commands() -> None:
    """The native stack of this checkout."""


@commands.command("install")
def install_command() -> None:
    """Fetch and unpack what the servers are made of."""
    provide_components(_folders().cache, find_jdk(os.environ))


@commands.command("up")
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), default=1, show_default=True, help="processes of each stream app")
@click.option("--airflow", "with_airflow", is_flag=True, help="start Airflow, too; it takes another GB")
def up_command(workers: int, with_airflow: bool) -> None:
    """Start everything that does not run yet, in order."""
    with alone(_folders()):
        up(_installation(), workers, with_airflow=with_airflow)


@commands.command("down")
def down_command() -> None:
    """Stop everything; data stays."""
    with alone(_folders()):
        down(_folders())


@commands.command("clean")
def clean_command() -> None:
    """Stop everything and remove its data, logs and passwords."""
    with alone(_folders()):
        clean(_folders())


@commands.command("status")
def status_command() -> None:
    """Each process with its state, memory and readiness. Ends with 1 when one of them is not ready."""
    if not print_status(_folders(), port_plan(os.environ)):
        sys.exit(1)


@commands.command("env")
def env_command() -> None:
    """Print `export` lines of every connection."""
    folders = _folders()
    folders.home.mkdir(parents=True, exist_ok=True)
    ports, credentials = port_plan(os.environ), load_credentials(folders.secrets_file)
    variables = connections(ports, credentials, model_folder(folders.cache)) | airflow_connections(folders, ports, credentials)
    click.echo(export_lines(variables), nl=False)


@commands.command("logs")
@click.argument("service")
def logs_command(service: str) -> None:
    """Follow the log of one process."""
    logs = _folders().logs
    log = logs / f"{service}.log"
    if not log.exists():
        known = ", ".join(sorted(path.stem for path in logs.glob("*.log"))) or "none: the stack never ran"
        raise click.ClickException(f"no log of {service!r}; there are: {known}")
    subprocess.run(["tail", "-n", "100", "-F", str(log)], check=False)


@commands.command("running")
def running_command() -> None:
    """End with 0 when the stack runs, with 1 when not."""
    sys.exit(0 if Supervisor(_folders().supervisor_socket).answers() else 1)


def main() -> None:
    """Run; a fault that the operator can mend is one message, not a traceback."""
    try:
        commands()
    except _EXPECTED as error:
        click.secho(f"error: {error}", fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
