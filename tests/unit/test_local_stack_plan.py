"""The native stack's plan: ports, folders, Java, hashes and what an operator is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from infra.local.folders import choose_folders
from infra.local.jars import JARS, LOCK, differences, pinned_hashes
from infra.local.jdk import NoJdkError, choose_jdk, release_version
from infra.local.port_holder import Holder, holder, port_taken_message, taken
from infra.local.ports import Ports, PortSettingError, port_plan


def test_without_settings_every_server_has_its_default_port() -> None:
    assert port_plan({}) == Ports()


def test_one_offset_moves_every_port_that_has_no_setting_of_its_own() -> None:
    plan = port_plan({"AEGIS_PORT_OFFSET": "3000", "AEGIS_PORT_REDIS": "7000"})

    assert (plan.postgres, plan.kafka, plan.redis) == (18432, 22092, 7000)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"AEGIS_PORT_KAFKA": "many"}, "AEGIS_PORT_KAFKA='many'"),
        ({"AEGIS_PORT_KAFKA": "70000"}, "AEGIS_PORT_KAFKA='70000'"),
        ({"AEGIS_PORT_OFFSET": "-1"}, "AEGIS_PORT_OFFSET='-1'"),
        ({"AEGIS_PORT_OFFSET": "60000"}, "AEGIS_PORT_OFFSET=60000"),
        ({"AEGIS_PORT_REDIS": "15432"}, "AEGIS_PORT_REDIS"),
    ],
)
def test_a_port_setting_that_cannot_be_is_refused_by_its_name(environment: dict[str, str], named: str) -> None:
    with pytest.raises(PortSettingError, match=named):
        port_plan(environment)


def test_a_taken_port_is_reported_with_its_holder() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        assert taken(port)
        by = holder(port)

    assert by is not None
    message = port_taken_message("kafka", port, "kafka", by)
    assert f"port {port}" in message
    assert f"process {by.pid} of user {by.user}" in message
    assert "AEGIS_PORT_KAFKA" in message
    assert not taken(port)


def test_a_holder_that_may_not_be_seen_is_said_to_be_hidden() -> None:
    assert "may not see" in port_taken_message("redis", 16379, "redis", None)
    assert "pid" not in port_taken_message("redis", 16379, "redis", Holder(7, "root", "x")).split("process")[0]


def test_roots_stack_lives_where_the_servers_user_can_enter() -> None:
    folders = choose_folders(Path("/srv/work/aegis"), {}, is_root=True, user_home=Path("/root"))

    assert folders.cache == Path("/var/cache/aegis")
    assert folders.home.parent == Path("/var/lib/aegis")
    assert folders.home.name.startswith("aegis-")


def test_two_checkouts_of_one_name_have_two_homes() -> None:
    one, two = (choose_folders(Path(place) / "aegis", {}, is_root=True, user_home=Path("/root")).home for place in ("/a", "/b"))

    assert one != two


def test_an_ordinary_users_stack_lives_in_the_checkout() -> None:
    folders = choose_folders(Path("/home/kim/aegis"), {}, is_root=False, user_home=Path("/home/kim"))

    assert folders.environment_file == Path("/home/kim/aegis/.run/aegis.env")
    assert folders.cache == Path("/home/kim/.cache/aegis")


def test_settings_move_the_folders() -> None:
    environment = {"AEGIS_HOME": "/data/aegis", "AEGIS_CACHE": "/data/cache"}
    folders = choose_folders(Path("/home/kim/aegis"), environment, is_root=True, user_home=Path("/root"))

    assert (folders.home, folders.cache) == (Path("/data/aegis"), Path("/data/cache"))


def _jdk(folder: Path, version: str, *, compiler: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    if compiler:
        (folder / "bin" / "javac").touch()
    return folder


def test_the_first_jdk_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    old, runtime, new = _jdk(tmp_path / "17", "17.0.15"), _jdk(tmp_path / "jre", "25", compiler=False), _jdk(tmp_path / "21", "21.0.2")

    assert choose_jdk([tmp_path / "absent", old, runtime, new]) == new


def test_without_a_jdk_the_message_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NoJdkError, match="openjdk-21-jdk-headless"):
        choose_jdk([_jdk(tmp_path / "17", "17.0.15")])


def test_a_release_file_without_a_version_names_none() -> None:
    assert release_version('IMPLEMENTOR="x"') is None


def test_every_difference_between_lock_and_download_is_named() -> None:
    assert differences({"a.jar": "1", "b.jar": "2"}, {"b.jar": "3", "c.jar": "4"}) == [
        "a.jar: missing",
        "c.jar: not in the lock",
        "b.jar: sha256 3, pinned 2",
    ]


def test_every_maven_project_has_its_artifacts_pinned_and_names_no_registry() -> None:
    lock = LOCK.read_text(encoding="utf-8")

    for project in JARS.glob("*.xml"):
        assert pinned_hashes(lock, project.stem), project.name
        assert "://" not in project.read_text(encoding="utf-8"), project.name
