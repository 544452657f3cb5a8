"""TLS keeps the name that the checked address belongs to; proxies are taken where they are set, and never towards our own loopback."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Semaphore

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from collectors.failures import SourceFailed
from collectors.http import Manners, PoliteClient, manners_for
from collectors.http.proxy import proxies_of_the_environment, proxy_for
from collectors.http.wire import Wire
from collectors.request import Request
from tests.support.mocked_source import MockedSource
from tests.support.scripted_source import scripted_source

MANNERS = Manners("portal", frozenset({".example"}), per_second=1000, allows_loopback=True)


def at_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def client(wire: Wire, manners: Manners = MANNERS) -> PoliteClient:
    return PoliteClient(manners, wire=wire, sleep=lambda _seconds: None)


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate of its own for `name`."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_certificate_has_to_be_for_the_name_whatever_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = certificate(tmp_path, "portal.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(known)
    with scripted_source(context) as source, client(Wire(MANNERS, resolve=at_loopback)) as http:
        source.answers("/", b"reached")
        assert http.get(Request(f"https://portal.example:{source.port}/")).body == b"reached"
        with pytest.raises(SourceFailed, match="ConnectError"):
            http.get(Request(f"https://other.example:{source.port}/"))
    assert len(source.asked) == 1


def test_a_proxy_is_asked_where_one_is_set() -> None:
    manners = replace(MANNERS, allows_loopback=False)

    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("known to the proxy alone")

    with scripted_source() as proxy:
        proxy.answers("http://portal.example/list", b"by proxy")
        proxies = {"http": proxy.url().replace("//", "//user:geheim@")}
        with client(Wire(manners, proxies, resolve=unknown), manners) as http:
            assert http.get(Request("http://portal.example/list", {"page": "1"})).body == b"by proxy"
            proxy.answers("http://portal.example/gone", b"", 404)
            with pytest.raises(SourceFailed) as caught:
                http.get(Request("http://portal.example/gone"))
    assert proxy.asked[0].target == "http://portal.example/list?page=1"
    assert proxy.asked[0].headers["proxy-authorization"].startswith("Basic ")
    assert "geheim" not in str(caught.value)


def test_what_is_known_to_be_inside_is_not_asked_by_proxy_either() -> None:
    with scripted_source() as proxy:
        wire = Wire(MANNERS, {"all": proxy.url()}, resolve=lambda _host, _port: ["10.0.0.1"])
        with client(wire) as http, pytest.raises(SourceFailed, match="no public address"):
            http.get(Request("http://portal.example/"))
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("url", "proxies", "expected"),
    [
        ("https://a.go.kr/", {}, None),
        ("https://a.go.kr/", {"https": "http://p:1"}, "http://p:1"),
        ("https://a.go.kr/", {"https": "p:1"}, "http://p:1"),
        ("http://a.go.kr/", {"https": "http://p:1"}, None),
        ("http://a.go.kr/", {"all": "http://p:1"}, "http://p:1"),
        ("https://a.go.kr/", {"all": "http://p:1", "no": "b.kr, go.kr"}, None),
        ("https://a.go.kr/", {"all": "http://p:1", "no": "*.go.kr"}, None),
        ("https://a.go.kr/", {"all": "http://p:1", "no": "o.kr"}, "http://p:1"),
        ("https://a.go.kr/", {"all": "http://p:1", "no": "*"}, None),
        ("http://127.0.0.1:18300/", {"all": "http://p:1"}, None),
        ("http://localhost/", {"all": "http://p:1"}, None),
    ],
)
def test_which_proxy_is_taken(url: str, proxies: dict[str, str], expected: str | None) -> None:
    assert proxy_for(url, proxies) == expected


def test_a_proxy_of_the_settings_stands_before_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert proxy_for("https://a.go.kr/", proxies_of_the_environment()) == "http://environment:1"
    assert proxy_for("https://a.go.kr/", proxies_of_the_environment("http://setting:1")) == "http://setting:1"
    assert proxy_for("https://inside.example/", proxies_of_the_environment("http://setting:1")) is None


def test_no_more_requests_are_open_at_once_than_may_be() -> None:
    manners = replace(manners_for("portal", "http://portal.example/", concurrency=2), per_second=1000.0)
    opened, leave = Semaphore(0), Event()

    def handle(_request: httpx.Request) -> httpx.Response:
        opened.release()
        leave.wait(10)
        return httpx.Response(200)

    with client(Wire(manners, through=MockedSource(handle)), manners) as http, ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(http.get, Request("http://portal.example/")) for _ in range(3)]
        assert opened.acquire(timeout=10)
        assert opened.acquire(timeout=10)
        assert not opened.acquire(timeout=0.2)  # the third waits for its turn
        leave.set()
        assert opened.acquire(timeout=10)
    assert [answer.result().status for answer in answers] == [200, 200, 200]
