"""Airflow, as supervised programs: its own folder, database and login. It takes another gigabyte, so `make airflow` starts it and `make up` does not."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from collectors.portals import MIRRORS, PORTALS
from collectors.portals.portal import DATA_GO_KR
from infra.local.credentials import Credentials
from infra.local.files import write_private
from infra.local.folders import Folders
from infra.local.ports import HOST, Ports
from infra.local.program import Program
from infra.local.progress import working
from infra.local.servers import Installation

API, SCHEDULER, DAG_PROCESSOR, TRIGGERER = AIRFLOW = ("airflow-api", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
USER = "admin"
PORTAL_SETTINGS = (
    *(f"{source}_{what}".upper() for source in (*PORTALS, *(f"{source}_mirror" for source in MIRRORS)) for what in ("url", "api_key")),
    f"{DATA_GO_KR}_api_key".upper(),
)
"""What the nightly collection needs to know beside the stack's own connections."""


def home(folders: Folders) -> Path:
    """AIRFLOW_HOME: its configuration, with passwords, and the logs of its tasks."""
    return folders.server("airflow")


def link(ports: Ports) -> str:
    """Its page."""
    return f"http://{HOST}:{ports.airflow}"


def airflow_cfg(ports: Ports, credentials: Credentials, folders: Folders) -> str:
    """Its configuration. Loopback only, a login, no examples; DAGs are read every five minutes, for each reading costs a second of CPU."""
    place = f"airflow:{credentials.airflow}@{HOST}:{ports.postgres}/airflow"
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": folders.checkout / "batch" / "dags",
            "executor": "LocalExecutor",
            "parallelism": 6,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "execution_api_server_url": f"{link(ports)}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_all_admins": False,
            "simple_auth_manager_passwords_file": home(folders) / "passwords.json",
            "fernet_key": credentials.airflow_fernet_key,
            "hostname_callable": "socket.gethostname",
        },
        "database": {"sql_alchemy_conn": f"postgresql+psycopg://{place}", "sql_alchemy_conn_async": f"postgresql+psycopg_async://{place}"},
        "api": {
            "host": HOST,
            "port": ports.airflow,
            "base_url": link(ports),
            "workers": 1,
            "secret_key": credentials.airflow_secret_key,
            "instance_name": "Aegis",
        },
        "api_auth": {"jwt_secret": credentials.airflow_jwt_secret},
        "logging": {"base_log_folder": home(folders) / "logs", "colored_console_log": False, "dag_processor_log_target": "stdout"},
        "workers": {"execution_api_timeout": 30},  # a busy machine may take longer than the 5 s that are the default
        "dag_processor": {"min_file_process_interval": 300, "parsing_processes": 1},
    }
    blocks = ("\n".join([f"[{name}]", *(f"{key} = {str(value).replace('%', '%%')}" for key, value in lines.items())]) for name, lines in sections.items())
    return "\n\n".join(blocks) + "\n"


def portal_settings(folders: Folders, environment: Mapping[str, str]) -> dict[str, str]:
    """Addresses and keys of the portals: those of this environment, and those that an earlier start was given. An empty one is forgotten."""
    file = home(folders) / "portals.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    given = {name: environment[name] for name in PORTAL_SETTINGS if name in environment}
    found = {name: value for name, value in {**known, **given}.items() if value}
    if found != known:
        write_private(file, json.dumps(found, indent=1) + "\n")
    return found


def airflow_connections(folders: Folders, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """Variable → value, for its page and its command line; none before `make airflow`."""
    if not (home(folders) / "airflow.cfg").exists():
        return {}
    return {"AIRFLOW_HOME": str(home(folders)), "AIRFLOW_URL": link(ports), "AIRFLOW_USER": USER, "AIRFLOW_PASSWORD": credentials.airflow_admin}


def prepare_airflow(installed: Installation) -> None:
    """Write what it reads. Idempotent."""
    folders, credentials = installed.folders, installed.credentials
    home(folders).mkdir(mode=0o700, exist_ok=True)
    write_private(home(folders) / "airflow.cfg", airflow_cfg(installed.ports, credentials, folders))
    write_private(home(folders) / "passwords.json", json.dumps({USER: credentials.airflow_admin}) + "\n")


def migrate_airflow(installed: Installation) -> None:
    """Bring its database up to date, once for each version. Needs PostgreSQL."""
    stamp, wanted = home(installed.folders) / "migrated", version("apache-airflow-core")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    with working("migrating Airflow's database"):
        environment = os.environ | _environment(installed.folders)
        command = [_program(installed.folders), "db", "migrate"]
        done = subprocess.run(
            command, env=environment, cwd=installed.folders.checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"airflow db migrate ended with {done.returncode}:\n{done.stdout.strip()}")
    write_private(stamp, wanted)


def airflow_programs(installed: Installation) -> tuple[Program, ...]:
    """Its four processes. Tasks run below the scheduler; the page's process alone listens, the others would serve their logs on all interfaces."""
    folders, port = installed.folders, installed.ports.airflow
    commands = {
        API: ("api-server", "--host", HOST, "--port", str(port)),
        SCHEDULER: ("scheduler", "--skip-serve-logs"),
        DAG_PROCESSOR: ("dag-processor",),
        TRIGGERER: ("triggerer", "--skip-serve-logs"),
    }
    environment = {**_environment(folders), **portal_settings(folders, os.environ)}
    return tuple(
        Program(name, (_program(folders), *command), str(folders.checkout), environment, ports={"airflow": port} if name == API else {})
        for name, command in commands.items()
    )


def _program(folders: Folders) -> str:
    return str(folders.checkout / ".venv" / "bin" / "airflow")


def _environment(folders: Folders) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home(folders)),
        "AEGIS_ENV_FILE": str(folders.environment_file),
        "AEGIS_BATCH_FOLDER": str(folders.home / "batch"),
        "PYTHONUNBUFFERED": "1",
        "SPT_NOENV": "1",  # it writes titles over its environment, by which the stack knows its processes
    }
