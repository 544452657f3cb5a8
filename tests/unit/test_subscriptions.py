"""Which events a service wants, where webhooks may go, how they are signed, and how long a failure is waited after."""

from __future__ import annotations

import pytest

from aegis.events.signature import TOLERANCE_SECONDS, BadSignature, sign, verify
from stream_apps.subscriptions.address import NotAllowed, check_addresses, check_url, hosts_of
from stream_apps.subscriptions.delivering import LONGEST_ERROR, LONGEST_PAUSE_SECONDS, pause_after, recorded
from stream_apps.subscriptions.sending import check_target
from stream_apps.subscriptions.subscription import Filter, Operator, Subscription, subscription_of

ATTRIBUTES = {"id": "1", "type": "data.quality_updated", "subject": "gov24-7", "source": "/aegis"}
DATA = {"policy_id": "gov24-7", "source": "gov24", "status": "active", "version": 9, "reasons": ["X_1", "X_2"], "urgent": True, "nothing": None}


@pytest.mark.parametrize(
    ("field", "operator", "values", "passes"),
    [
        ("data.status", "equals", ["active"], True),
        ("data.status", "equals", ["archived"], False),
        ("data.status", "in", ["archived", "active"], True),
        ("data.status", "in", ["archived", "rejected"], False),
        ("data.source", "prefix", ["gov"], True),
        ("data.source", "prefix", ["biz"], False),
        ("subject", "prefix", ["gov24-"], True),
        ("source", "equals", ["/aegis"], True),
        ("data.version", "equals", ["9"], True),
        ("data.urgent", "equals", ["true"], True),
        ("data.reasons", "equals", ["X_2"], True),
        ("data.reasons", "equals", ["X_3"], False),
        ("data.nothing", "equals", ["None"], False),
        ("data.absent", "prefix", [""], False),
        ("data", "equals", ["gov24"], False),
    ],
)
def test_a_filter_passes_what_it_says(field: str, operator: str, values: list[str], passes: bool) -> None:
    assert Filter(field, Operator(operator), tuple(values)).passes(ATTRIBUTES, DATA) is passes


ROW = {"name": "search", "types": [], "filters": [], "kind": "kafka", "target": "search.events", "secret_env": None, "most_attempts": 8}
ACTIVE = {"field": "data.status", "operator": "equals", "values": ["active"]}
OF_BIZINFO = {"field": "data.source", "operator": "equals", "values": ["bizinfo"]}


@pytest.mark.parametrize(
    ("changed", "wants"),
    [
        ({}, True),
        ({"types": ["data.quality_updated"]}, True),
        ({"types": ["policy.validated", "data.sync_completed"]}, False),
        ({"filters": [ACTIVE]}, True),
        ({"filters": [ACTIVE, OF_BIZINFO]}, False),
    ],
)
def test_a_service_wants_what_is_of_its_types_and_passes_all_filters(changed: dict[str, object], wants: bool) -> None:
    assert subscription_of(ROW | changed).wants(ATTRIBUTES, DATA) is wants


def test_a_subscription_survives_its_row() -> None:
    filters = (Filter("data.status", Operator.IN, ("active", "archived")),)
    subscription = Subscription("search", ("policy.validated",), filters, "kafka", "search.events", None, 3)
    row = ROW | {"types": ["policy.validated"], "filters": [{"field": "data.status", "operator": "in", "values": ["active", "archived"]}], "most_attempts": 3}
    assert subscription_of(row) == subscription
    with pytest.raises(ValueError, match="near"):
        subscription_of(ROW | {"filters": [{"field": "subject", "operator": "near", "values": []}]})

    for filters in ([ACTIVE | {"values": "active"}], [ACTIVE | {"values": [1]}], [ACTIVE | {"field": 1}], [ACTIVE | {"values": None}], ["status"]):
        with pytest.raises(TypeError):
            subscription_of(ROW | {"filters": filters})


def test_what_is_kept_of_an_error_is_text_that_postgresql_can_hold() -> None:
    assert recorded(ValueError("a\0b\ud800c")) == "ab?c"
    assert len(recorded(ValueError("x" * 100_000))) == LONGEST_ERROR


HOSTS = hosts_of("hooks.example.org, 127.0.0.1:8080,internal.example.org:8443,localhost")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://hooks.example.org/aegis", ("hooks.example.org", 443)),
        ("https://hooks.example.org:9443/aegis?a=b", ("hooks.example.org", 9443)),
        ("https://internal.example.org:8443/", ("internal.example.org", 8443)),
        ("http://127.0.0.1:8080/hook", ("127.0.0.1", 8080)),
        ("https://HOOKS.example.org/", ("hooks.example.org", 443)),
    ],
)
def test_a_url_of_an_allowed_host_is_allowed(url: str, address: tuple[str, int]) -> None:
    assert check_url(url, HOSTS) == address


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("https://elsewhere.example.org/", "AEGIS_WEBHOOK_HOSTS"),
        ("https://hooks.example.org.evil.example/", "AEGIS_WEBHOOK_HOSTS"),
        ("https://internal.example.org/", "AEGIS_WEBHOOK_HOSTS"),
        ("http://hooks.example.org/", "use https"),
        ("http://127.0.0.1:9200/", "AEGIS_WEBHOOK_HOSTS"),
        ("http://localhost:8080/", "AEGIS_WEBHOOK_HOSTS"),
        ("http://[::1]:8080/", "AEGIS_WEBHOOK_HOSTS"),
        ("http://2130706433:8080/", "AEGIS_WEBHOOK_HOSTS"),
        ("https://user:word@hooks.example.org/", "without user"),
        ("https://hooks.example.org:99999/", "https://host"),
        ("ftp://hooks.example.org/", "https://host"),
        ("file:///etc/passwd", "https://host"),
        ("https://hooks.example.org\\@elsewhere.example.org/", "https://host|AEGIS_WEBHOOK_HOSTS"),
        ("https://hooks.example.org\n.example.org/", "https://host"),
        ("https://hooks.example.org/#part", "without user"),
        ("https://" + "a" * 300 + ".example.org/", "AEGIS_WEBHOOK_HOSTS|absolute URL"),
        ("hooks.example.org", "https://host"),
    ],
)
def test_every_other_url_is_refused_with_the_remedy(url: str, remedy: str) -> None:
    with pytest.raises(NotAllowed, match=remedy):
        check_url(url, HOSTS)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.1.1"])
def test_an_allowed_name_that_leads_into_the_machine_is_refused(address: str) -> None:
    with pytest.raises(NotAllowed, match="nothing was sent"):
        check_addresses("hooks.example.org", 443, lambda _host, _port: ["203.0.113.5", address])


def test_an_allowed_name_may_be_in_a_private_network_and_loopback_may_be_itself() -> None:
    check_addresses("internal.example.org", 8443, lambda _host, _port: ["10.1.2.3", "fd00::5"])
    check_addresses("127.0.0.1", 8080, lambda _host, _port: ["127.0.0.1"])


@pytest.mark.parametrize("topic", ["aegis.corrections", "aegis.public.policies", "policy-events", "data-pipeline-dlq", "__consumer_offsets"])
def test_no_service_is_told_through_a_topic_of_aegis(topic: str) -> None:
    with pytest.raises(NotAllowed, match="Aegis's own"):
        check_target("kafka", topic, HOSTS)


def test_a_signature_holds_for_its_delivery_and_its_time() -> None:
    header = sign("key", "id-1", b"body", 1_000)
    verify("key", header, "id-1", b"body", 1_000 + TOLERANCE_SECONDS)
    for secret, identity, body, now in (
        ("other", "id-1", b"body", 1_000),
        ("key", "id-2", b"body", 1_000),
        ("key", "id-1", b"bodY", 1_000),
        ("key", "id-1", b"body", 1_001 + TOLERANCE_SECONDS),
        ("key", "id-1", b"body", 999 - TOLERANCE_SECONDS),
    ):
        with pytest.raises(BadSignature):
            verify(secret, header, identity, body, now)


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=x,v1=y", "v1=abc", "t=1000", "t=²,v1=a", "t=1000,v1=é", "t=" + "9" * 400 + ",v1=a"])
def test_what_is_no_signature_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        verify("key", header, "id-1", b"body", 1_000)


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 0.5, 1), (2, 1, 2), (5, 8, 16), (9, 128, 256), (10, 150, 300), (1000, 150, 300)])
def test_pauses_double_up_to_five_minutes_and_are_half_chance(attempts: int, least: float, most: float) -> None:
    assert (pause_after(attempts, lambda: 0.0), pause_after(attempts, lambda: 1.0)) == (least, most)
    assert most <= LONGEST_PAUSE_SECONDS
