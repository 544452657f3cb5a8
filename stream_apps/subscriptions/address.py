"""Where webhooks may go: to hosts that the operator has named, over TLS, and never into the machine's own network services."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

LAST_PORT = 65535
Resolve = Callable[[str, int], list[str]]


class NotAllowed(Exception):
    """A webhook's URL that nothing is sent to, with the remedy."""


def hosts_of(setting: str) -> frozenset[str]:
    """The hosts that a setting names, separated by commas."""
    return frozenset(part.strip().lower() for part in setting.split(",") if part.strip())


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str, allowed: Collection[str]) -> tuple[str, int]:
    """Host and port of `url`. Raises `NotAllowed`. `allowed`: hosts (`hooks.example.org`), or with a port (`127.0.0.1:8080`), as loopback must be.

    Plain HTTP is for loopback only. A host that is not allowed is refused whatever it resolves to.
    """
    try:
        parsed = httpx.URL(url)  # as what sends it reads it: two readers of one URL may disagree about its host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise NotAllowed(f"{error}: give an absolute URL, https://host/path") from error
    host, port = parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80)
    if parsed.scheme not in {"https", "http"} or not host or parsed.userinfo or parsed.fragment or port > LAST_PORT:
        raise NotAllowed("a webhook's URL has the form https://host[:port]/path, without user, password or fragment")
    if f"{host}:{port}" not in allowed and (host not in allowed or _loopback(host)):
        raise NotAllowed(f"host {host}:{port} is not allowed: name it in AEGIS_WEBHOOK_HOSTS (loopback with its port), then restart the app subscriptions")
    if parsed.scheme == "http" and not _loopback(host):
        raise NotAllowed(f"plain HTTP to {host}: payloads and signatures would be readable on the way; use https")
    return host, port


def check_addresses(host: str, port: int, resolve: Resolve = resolve) -> None:
    """Raises `NotAllowed` where an allowed name resolves to loopback (but is not loopback itself), or to an address that is no host's. Raises OSError."""
    for address in resolve(host, port):
        found = ip_address(address.partition("%")[0])
        if _forbidden(found) or (found.is_loopback and not _loopback(host)):
            raise NotAllowed(f"host {host} resolves to {address}, which is loopback, link-local, multicast or unspecified: nothing was sent")


def _forbidden(address: IPv4Address | IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or address
    return inner.is_link_local or inner.is_multicast or inner.is_unspecified or (inner.is_loopback and inner is not address)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
