"""A source's address and key are found by its name; portals of one gateway may share a key; nothing has to be declared for a new one."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from aegis.settings import ENVIRONMENT_FILE, Settings
from collectors.portals import PORTALS
from collectors.session import address, key, order


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.setenv(ENVIRONMENT_FILE, str(tmp_path / "aegis.env"))
    for source in (*PORTALS, "data_go_kr"):
        monkeypatch.delenv(f"{source.upper()}_URL", raising=False)
        monkeypatch.delenv(f"{source.upper()}_API_KEY", raising=False)
    return Settings()


@pytest.mark.parametrize("source", sorted(PORTALS))
def test_a_portal_is_asked_where_it_is_unless_the_settings_say_otherwise(configured: Settings, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    assert address(configured, PORTALS[source]) == PORTALS[source].address
    assert PORTALS[source].address.startswith("https://")
    monkeypatch.setenv(f"{source.upper()}_URL", "http://127.0.0.1:1/x")
    assert address(configured, PORTALS[source]) == "http://127.0.0.1:1/x"


@pytest.mark.parametrize("source", ["kstartup", "mss", "bokjiro_central", "bokjiro_local"])
def test_a_portal_of_the_gateway_takes_the_gateways_key_where_it_has_none(configured: Settings, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setenv("DATA_GO_KR_API_KEY", "shared")
    assert key(configured, PORTALS[source]) == "shared"
    monkeypatch.setenv(f"{source.upper()}_API_KEY", "own")
    assert key(configured, PORTALS[source]) == "own"


def test_other_portals_do_not_take_it(configured: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_GO_KR_API_KEY", "shared")
    assert {source for source in PORTALS if key(configured, PORTALS[source])} == {"kstartup", "mss", "bokjiro_central", "bokjiro_local"}


def test_a_missing_key_is_asked_for_by_its_names(configured: Settings) -> None:
    with pytest.raises(click.ClickException, match="MSS_API_KEY or DATA_GO_KR_API_KEY"):
        order(configured, "mss", None, None)
    with pytest.raises(click.ClickException, match=r"set YOUTHCENTER_API_KEY in"):
        order(configured, "youthcenter", None, None)


def test_the_stacks_own_file_is_read_too(configured: Settings, tmp_path: Path) -> None:
    (tmp_path / "aegis.env").write_text("MSS_API_KEY=of-the-file\nPOSTGRES_DSN=x\n")
    assert key(configured, PORTALS["mss"]) == "of-the-file"
    assert "of-the-file" not in repr(configured.source("mss"))
