"""What the native stack writes: the supervisor's configuration, the servers', the environment file, the passwords."""

from __future__ import annotations

import configparser
import shlex
import stat
from pathlib import Path

import dotenv as python_dotenv
import pytest

from infra.local.credentials import Credentials, load_credentials
from infra.local.environment_file import connections, dotenv, export_lines
from infra.local.folders import Folders
from infra.local.ports import Ports
from infra.local.program import Program
from infra.local.server_files import connect_properties, elasticsearch_yml, kafka_properties, neo4j_conf, postgresql_conf, redis_conf
from infra.local.startup import failure
from infra.local.supervisor_client import ProcessState
from infra.local.supervisor_configuration import START_ATTEMPTS, supervisor_configuration, too_long_for_a_socket

HOME = Folders(checkout=Path("/checkout"), cache=Path("/cache"), home=Path("/home/kim/100% mine"))


def _parsed(*programs: Program) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(supervisor_configuration(programs, HOME, is_root=False))
    return parser


def test_a_program_is_restarted_with_a_cap_and_its_log_is_rotated() -> None:
    section = _parsed(Program("kafka", ("java", "-cp", "lib/*"), "/x"))["program:kafka"]

    assert (section["autorestart"], section["startretries"]) == ("true", str(START_ATTEMPTS))
    assert section["stdout_logfile_maxbytes"] == "20MB"
    assert int(section["stdout_logfile_backups"]) > 0
    assert section["autostart"] == "false"


def test_a_command_keeps_its_words_and_percent_signs_are_doubled() -> None:
    section = _parsed(Program("kafka", ("java", "-cp", "a folder/*", "50%"), "/x"))["program:kafka"]

    assert shlex.split(section["command"]) == ["java", "-cp", "a folder/*", "50%%"]
    assert section["stdout_logfile"] == "/home/kim/100%% mine/logs/kafka.log"


def test_launchers_are_stopped_with_their_children_but_postgres_alone() -> None:
    parser = _parsed(Program("elasticsearch", ("x",), "/x"), Program("postgres", ("x",), "/x", stop_signal="INT"))

    assert parser["program:elasticsearch"]["stopasgroup"] == "true"
    assert "stopasgroup" not in parser["program:postgres"]
    assert parser["program:postgres"]["stopsignal"] == "INT"


def test_the_control_socket_is_its_owners_alone_and_nothing_listens_on_a_port() -> None:
    parser = _parsed()

    assert parser["unix_http_server"]["chmod"] == "0700"
    assert not parser.has_section("inet_http_server")


def test_a_value_that_the_supervisor_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="AEGIS_HOME"):
        _parsed(Program("x", ("x",), "/x", environment={"HOME": 'a "quoted" folder'}))


def test_a_socket_path_beyond_the_systems_limit_is_noticed() -> None:
    assert not too_long_for_a_socket(Path("/var/lib/aegis/main-f2af6c09/supervisor.sock"))
    assert too_long_for_a_socket(Path("/" + "x" * 110))


@pytest.mark.parametrize("value", ["plain", "", "with space", "a'quote", "back\\slash", "$HOME", "#hash", "한글 폴더"])
def test_an_environment_file_gives_back_every_value(value: str, tmp_path: Path) -> None:
    file = tmp_path / "aegis.env"
    file.write_text(dotenv({"NAME": value}), encoding="utf-8")

    assert python_dotenv.dotenv_values(file, interpolate=False) == {"NAME": value}


def test_a_value_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        dotenv({"NAME": "two\nlines"})


def test_export_lines_are_quoted_for_a_shell() -> None:
    assert shlex.split(export_lines({"NAME": "it's $HOME"})) == ["export", "NAME=it's $HOME"]


def test_connections_follow_the_port_plan() -> None:
    credentials = Credentials()
    variables = connections(Ports(postgres=5, registry=6, redis=7), credentials, Path("/cache/model"))

    assert variables["POSTGRES_DSN"] == f"postgresql://aegis_owner:{credentials.aegis_owner}@127.0.0.1:5/aegis"
    assert variables["SCHEMA_REGISTRY_URL"] == "http://127.0.0.1:6/apis/ccompat/v7"
    assert variables["REDIS_URL"] == f"redis://:{credentials.redis}@127.0.0.1:7/0"
    assert credentials.postgres not in "".join(variables.values())


def test_passwords_are_made_once_and_read_by_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"

    first = load_credentials(file)

    assert load_credentials(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first != Credentials()


def test_every_server_listens_on_loopback_only() -> None:
    ports, folder = Ports(), Path("/x")
    texts = {
        "postgres": postgresql_conf(ports),
        "redis": redis_conf(ports, folder, Credentials()),
        "kafka": kafka_properties(ports, folder),
        "connect": connect_properties(ports, folder),
        "elasticsearch": elasticsearch_yml(ports, folder),
        "neo4j": neo4j_conf(ports),
    }
    for server, text in texts.items():
        assert "127.0.0.1" in text, server
        assert "0.0.0.0" not in text, server


def test_no_topic_is_made_by_accident() -> None:
    assert "auto.create.topics.enable=false" in kafka_properties(Ports(), Path("/x"))
    assert "topic.creation.enable=false" in connect_properties(Ports(), Path("/x"))


def test_a_connector_may_override_only_what_it_needs_and_reads_one_secret() -> None:
    text = connect_properties(Ports(), Path("/x"))

    assert "override.policy=Allowlist" in text
    assert "config.providers.env.param.allowlist.pattern=POSTGRES_CDC_PASSWORD\n" in text


def test_a_start_that_was_given_up_is_told_from_one_that_may_still_succeed() -> None:
    starting, fatal = (ProcessState("kafka", "kafka", state, 0, "", 0) for state in ("BACKOFF", "FATAL"))

    assert failure([starting]) is None
    assert failure([starting, fatal]) == "kafka failed to start again and again"
