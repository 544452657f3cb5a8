"""How one source is asked: how often, how long, how much, and which hosts at all."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manners:
    """What a client of one source keeps to."""

    source: str
    hosts: frozenset[str]
    """Host names that may be asked, at redirects too. One that begins with a dot stands for every host below it, `.go.kr` for `www.korea.go.kr`."""
    per_second: float = 5.0
    """Requests begun in a second, attempts and redirects included, evenly spaced."""
    concurrency: int = 2
    """Requests at once."""
    per_day: int | None = None
    """Requests a day in Korea, whichever process sends them; None: as many as the source answers."""
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    """Longest silence of the source."""
    whole_seconds: float = 180.0
    """Longest time that one attempt takes, with its redirects: a source that answers a byte a minute is never silent for long."""
    most_bytes: int = 64 * MEBIBYTE
    """Largest body, after decompression."""
    allows_loopback: bool = False
    """For the simulator and for tests. Private and link-local addresses are never asked."""


def manners_for(source: str, url: str, *also: str, per_second: float = 5.0, concurrency: int = 2, per_day: int | None = None) -> Manners:
    """Manners for the host of `url` and those in `also`. Loopback is allowed where `url` itself names it, and nowhere else."""
    host = host_of(url)
    return Manners(source, frozenset({host, *also}), per_second, concurrency, per_day, allows_loopback=names_loopback(host))


def host_of(url: str) -> str:
    """The host name in an address, in lower case and without the final dot; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def names_loopback(host: str) -> bool:
    """Whether a host name says loopback by itself, without being resolved."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
