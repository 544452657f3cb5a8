"""Which hosts and addresses may be asked. A source that redirects to the inside of our own network, or whose name resolves there, is refused."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from collectors.failures import NOT_ALLOWED, SourceFailed
from collectors.http.manners import Manners, host_of

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]
"""Name and port → addresses, in the order in which to try them. Raises OSError."""

NAT64 = IPv6Network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """The system's answer."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def expect_allowed(url: str, manners: Manners) -> None:
    """Raise `SourceFailed` unless `url` is http or https at an allowed host, without a user name."""
    host, parts = host_of(url), urlsplit(url)
    if parts.scheme not in {"http", "https"} or not host:
        raise SourceFailed(NOT_ALLOWED, f"{manners.source}: an address that is neither http nor https ({parts.scheme or 'no scheme'})")
    if "@" in parts.netloc:
        raise SourceFailed(NOT_ALLOWED, f"{manners.source}: an address with a user name in it, at {host}")
    if not any(host == known or (known.startswith(".") and host.endswith(known)) for known in manners.hosts):
        raise SourceFailed(NOT_ALLOWED, f"{manners.source}: {host} is none of its hosts ({', '.join(sorted(manners.hosts))})")


def checked(host: str, addresses: Iterable[str], manners: Manners) -> list[str]:
    """The addresses of a host. Raises `SourceFailed` if any one of them is forbidden: which of them is taken is for nobody outside to choose."""
    known = list(addresses)
    for text in known:
        if not may_be_asked(ip_address(text.partition("%")[0]), allows_loopback=manners.allows_loopback):
            raise SourceFailed(NOT_ALLOWED, f"{manners.source}: {host} resolves to {text}, which is no public address")
    return known


def may_be_asked(address: Address, *, allows_loopback: bool) -> bool:
    """Whether an address is public: not private, link-local, shared, multicast, reserved or unspecified, nor a wrapping of such a one in IPv6."""
    wrapped = _wrapped(address)
    if wrapped is not None:
        return may_be_asked(wrapped, allows_loopback=allows_loopback)
    if address.is_loopback:
        return allows_loopback
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local)


def _wrapped(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to by mapping, 6to4, Teredo or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
