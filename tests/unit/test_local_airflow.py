"""What the native stack writes for Airflow: loopback only, a login, and what the nightly collection needs."""

from __future__ import annotations

import configparser
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.account import Account
from infra.local.airflow import (
    AIRFLOW,
    PORTAL_SETTINGS,
    airflow_cfg,
    airflow_connections,
    airflow_programs,
    home,
    link,
    portal_settings,
    prepare_airflow,
)
from infra.local.apps import guard
from infra.local.components import Components
from infra.local.credentials import Credentials
from infra.local.folders import Folders
from infra.local.ports import Ports
from infra.local.servers import Installation


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    for name in PORTAL_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    folders = Folders(checkout=Path("/checkout"), cache=Path("/cache"), home=tmp_path / "100% mine")
    folders.home.mkdir()
    components = Components(*[Path("/cache")] * 6)
    return Installation(folders, Ports(), Credentials(), Account("kim", 1, 1), components, Path("/jdk"), Path("/pg"), Path("/redis"))


def configured(installed: Installation) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(airflow_cfg(installed.ports, installed.credentials, installed.folders))
    return parser


def test_airflow_listens_on_loopback_by_one_process(installed: Installation) -> None:
    cfg = configured(installed)
    programs = {program.name: program for program in airflow_programs(installed)}
    assert tuple(programs) == AIRFLOW
    assert (cfg["api"]["host"], cfg["api"]["port"]) == ("127.0.0.1", "18080")
    assert programs["airflow-api"].command[1:] == ("api-server", "--host", "127.0.0.1", "--port", "18080")
    assert {name: program.ports for name, program in programs.items() if program.ports} == {"airflow-api": {"airflow": 18080}}
    for name in ("airflow-scheduler", "airflow-triggerer"):
        assert "--skip-serve-logs" in programs[name].command
    assert "0.0.0.0" not in airflow_cfg(installed.ports, installed.credentials, installed.folders)


def test_its_page_asks_for_a_login(installed: Installation) -> None:
    prepare_airflow(installed)
    cfg = configured(installed)
    assert (cfg["core"]["simple_auth_manager_all_admins"], cfg["core"]["simple_auth_manager_users"]) == ("False", "admin:admin")
    passwords = Path(cfg["core"]["simple_auth_manager_passwords_file"])
    assert installed.credentials.airflow_admin in passwords.read_text()
    for file in (passwords, home(installed.folders) / "airflow.cfg"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_has_a_database_of_its_own_and_no_examples(installed: Installation) -> None:
    cfg = configured(installed)
    password = installed.credentials.airflow
    assert cfg["database"]["sql_alchemy_conn"] == f"postgresql+psycopg://airflow:{password}@127.0.0.1:15432/airflow"
    assert cfg["database"]["sql_alchemy_conn_async"].startswith("postgresql+psycopg_async://airflow:")
    assert (cfg["core"]["executor"], cfg["core"]["load_examples"], cfg["core"]["dags_folder"]) == ("LocalExecutor", "False", "/checkout/batch/dags")


def test_another_port_moves_its_page_and_where_its_tasks_report(installed: Installation) -> None:
    cfg = configured(replace(installed, ports=Ports(airflow=7000)))
    assert (cfg["api"]["port"], cfg["api"]["base_url"]) == ("7000", "http://127.0.0.1:7000")
    assert cfg["core"]["execution_api_server_url"] == "http://127.0.0.1:7000/execution/"


def test_keys_of_portals_are_kept_from_one_start_to_the_next_until_they_are_emptied(installed: Installation) -> None:
    folders = installed.folders
    assert {"GOV24_URL", "GOV24_API_KEY", "BOKJIRO_LOCAL_API_KEY", "DATA_GO_KR_API_KEY"} <= set(PORTAL_SETTINGS)
    assert portal_settings(folders, {"GOV24_API_KEY": "k%1", "PATH": "/bin"}) == {"GOV24_API_KEY": "k%1"}
    assert portal_settings(folders, {"GOV24_URL": "http://x"}) == {"GOV24_API_KEY": "k%1", "GOV24_URL": "http://x"}
    assert stat.S_IMODE((home(folders) / "portals.json").stat().st_mode) == 0o600
    assert airflow_programs(installed)[1].environment["GOV24_API_KEY"] == "k%1"
    assert portal_settings(folders, {"GOV24_API_KEY": ""}) == {"GOV24_URL": "http://x"}


def test_its_connections_are_printed_once_it_was_started(installed: Installation) -> None:
    arguments = installed.folders, installed.ports, installed.credentials
    assert airflow_connections(*arguments) == {}
    prepare_airflow(installed)
    printed = airflow_connections(*arguments)
    assert (printed["AIRFLOW_URL"], printed["AIRFLOW_PASSWORD"]) == (link(installed.ports), installed.credentials.airflow_admin)
    assert printed["AIRFLOW_HOME"] == str(home(installed.folders))


def test_a_killed_supervisor_comes_back_with_what_ran(installed: Installation) -> None:
    assert guard(installed, 2, with_airflow=True).command[-3:] == ("--workers", "2", "--airflow")
    assert guard(installed, 2, with_airflow=False).command[-2:] == ("--workers", "2")
