"""Only a source's own hosts are asked, at public addresses, at redirects too; its key goes nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from collectors.failures import SourceFailed
from collectors.http import Manners, PoliteClient, manners_for
from collectors.http.address import Resolve, may_be_asked
from collectors.http.redirect import followed
from collectors.http.wire import Wire
from collectors.request import Request
from tests.support.scripted_source import ScriptedSource, scripted_source

HOSTS = frozenset({"portal.example", "mirror.example", "inside.example"})


@pytest.fixture
def source() -> Iterator[ScriptedSource]:
    with scripted_source() as running:
        running.answers("/", b"reached")
        yield running


def client(resolve: Resolve, hosts: frozenset[str] = HOSTS, *, allows_loopback: bool = True) -> PoliteClient:
    manners = Manners("portal", hosts, per_second=1000, allows_loopback=allows_loopback)
    return PoliteClient(manners, wire=Wire(manners, resolve=resolve), sleep=lambda _seconds: None)


def names(**addresses: str) -> Resolve:
    """Resolves `portal` and the like below .example; every other name is at loopback."""
    return lambda host, _port: [host if host[0].isdigit() else addresses.get(host.removesuffix(".example"), "127.0.0.1")]


@pytest.mark.parametrize("address", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
                                     "255.255.255.255", "fe80::1", "fc00::1", "::", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
                                     "192.0.2.1", "198.18.0.1", "2001:db8::1"])  # fmt: skip
def test_what_is_not_public_is_never_asked(address: str) -> None:
    assert not may_be_asked(ip_address(address), allows_loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_asked_only_where_it_was_allowed(address: str) -> None:
    assert may_be_asked(ip_address(address), allows_loopback=True)
    assert not may_be_asked(ip_address(address), allows_loopback=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "203.253.64.1", "2606:4700::1111"])
def test_public_addresses_are_asked(address: str) -> None:
    assert may_be_asked(ip_address(address), allows_loopback=False)


@pytest.mark.parametrize(("url", "allowed"), [("http://127.0.0.1:18300/x", True), ("http://localhost/x", True), ("http://[::1]/", True),
                                              ("https://www.bizinfo.go.kr/x", False), ("http://127.0.0.1.evil.example/", False)])  # fmt: skip
def test_loopback_is_allowed_where_the_configured_address_names_it(url: str, allowed: bool) -> None:
    assert manners_for("portal", url).allows_loopback is allowed


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(source: ScriptedSource) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1" if len(asked) == 1 else "10.0.0.1"]

    with client(rebinding) as http:
        assert http.get(Request(source.url(host="portal.example"))).body == b"reached"
    assert asked == ["portal.example"]
    assert source.asked[0].headers["host"] == f"portal.example:{source.port}"


@pytest.mark.parametrize("resolved", [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["169.254.169.254"]])
def test_a_name_with_any_address_inside_is_refused_unasked(source: ScriptedSource, resolved: list[str]) -> None:
    with client(lambda _host, _port: resolved, allows_loopback=False) as http, pytest.raises(SourceFailed, match="no public address"):
        http.get(Request(source.url(host="portal.example")))
    assert source.asked == []


@pytest.mark.parametrize("location", ["http://inside.example/", "http://10.0.0.7/", "//inside.example/admin"])
def test_a_redirect_to_the_inside_is_refused(source: ScriptedSource, location: str) -> None:
    source.redirects("/moved", location)
    with client(names(inside="10.0.0.7"), HOSTS | {"10.0.0.7"}) as http, pytest.raises(SourceFailed, match="no public address"):
        http.get(Request(source.url("/moved", "portal.example")))


@pytest.mark.parametrize("location", ["http://other.example/", "ftp://portal.example/", "file:///etc/passwd", "http://user:pass@portal.example/",
                                      "http://portal.example.evil.example/", "http://portal.example:99999/"])  # fmt: skip
def test_a_redirect_to_what_is_none_of_the_sources_hosts_is_refused(source: ScriptedSource, location: str) -> None:
    source.redirects("/moved", location)
    with client(names()) as http, pytest.raises(SourceFailed, match="only the source's own hosts"):
        http.get(Request(source.url("/moved", "portal.example")))
    assert len(source.asked) == 1


def test_a_redirect_within_the_source_is_followed_with_its_key(source: ScriptedSource) -> None:
    source.redirects("/moved", "/?page=2")
    with client(names()) as http:
        answer = http.get(Request(source.url("/moved", "portal.example"), {"serviceKey": "geheim"}, {"Authorization": "Infuser geheim"}))
    assert answer.url == source.url(host="portal.example")
    assert source.asked[1].target == "/?page=2"
    assert source.asked[1].headers["authorization"] == "Infuser geheim"


def test_the_key_does_not_follow_to_another_host(source: ScriptedSource) -> None:
    source.redirects("/moved", source.url("/?serviceKey=geheim&page=2&copy=geheim", "mirror.example"))
    request = Request(source.url("/moved", "portal.example"), {"serviceKey": "geheim"}, {"Authorization": "Infuser geheim", "Accept": "text/xml"})
    with client(names()) as http:
        http.get(request)
    assert "geheim" not in str(source.asked[1])
    assert source.asked[1].target == "/?page=2"
    assert source.asked[1].headers["accept"] == "text/xml"


def test_redirects_end(source: ScriptedSource) -> None:
    source.redirects("/round", "/round")
    with client(names()) as http, pytest.raises(SourceFailed, match="more than 5 redirects"):
        http.get(Request(source.url("/round", "portal.example")))
    assert len(source.asked) == 6


def test_a_host_below_a_named_domain_is_one_of_its_hosts(source: ScriptedSource) -> None:
    with client(names(), frozenset({".example"})) as http:
        assert http.get(Request(source.url(host="www.portal.example"))).body == b"reached"
        with pytest.raises(SourceFailed):
            http.get(Request(source.url(host="portal-example.org")))


@pytest.mark.parametrize(
    ("asked", "location", "keeps"),
    [
        ("https://a.kr/x", "/y", True),
        ("http://a.kr/x", "https://a.kr/x", True),
        ("https://A.kr/x", "https://a.kr:443/x", True),
        ("https://a.kr/x", "http://a.kr/x", False),
        ("https://a.kr/x", "https://a.kr:8443/x", False),
        ("https://a.kr/x", "https://b.kr/x", False),
        ("https://a.kr/x", "//a.kr.b.kr/x", False),
    ],
)
def test_a_key_stays_with_its_host_its_port_and_encryption(asked: str, location: str, keeps: bool) -> None:
    request = Request(asked, {"serviceKey": "geheim"}, {"Authorization": "geheim"})
    assert bool(followed(request, f"{asked}?serviceKey=geheim", location).headers) is keeps
    assert ("geheim" in followed(request, f"{asked}?serviceKey=geheim", f"{location}?serviceKey=geheim").url) is keeps
