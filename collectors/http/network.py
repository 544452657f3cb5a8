"""Connections to checked addresses, bounded in time as a whole.

A name is resolved once for each connection, its addresses are checked, and the connection is made to one of those: no second look-up by which a name could
lead elsewhere. TLS and the Host header keep the name. The deadline is that of the request at hand, for its headers too: httpx bounds each read alone.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from collectors.http.address import Resolve, checked
from collectors.http.manners import Manners

Clock = Callable[[], float]
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every connection, read and write of this thread ends within `seconds`, or raises httpcore's (in httpx: httpx's) timeouts."""
    before = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(before)


def left(timeout: float | None, error: type[Exception]) -> float | None:
    """`timeout`, or what is left until the deadline where that is less. Raises `error` where nothing is left."""
    end = _deadline.get()
    if end is None:
        return timeout
    remaining = end - time.monotonic()
    if remaining <= 0:
        raise error("the whole request took too long")
    return remaining if timeout is None else min(timeout, remaining)


class BoundedStream(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As httpcore's."""
        return self._inner.read(max_bytes, left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As httpcore's."""
        self._inner.write(buffer, left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """As httpcore's."""
        self._inner.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> httpcore.NetworkStream:
        """As httpcore's."""
        return BoundedStream(self._inner.start_tls(ssl_context, server_hostname, left(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        """As httpcore's."""
        return self._inner.get_extra_info(info)


class CheckedNetwork(httpcore.SyncBackend):
    """Connects to checked addresses alone. Where `resolve` is None the host is taken as it is: a proxy of our own choice."""

    def __init__(self, manners: Manners, resolve: Resolve | None) -> None:
        self._manners = manners
        self._resolve = resolve

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """As httpcore's; raises `SourceFailed` for an address that may not be asked."""
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                return BoundedStream(super().connect_tcp(address, port, left(timeout, httpcore.ConnectTimeout), local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    def _addresses(self, host: str, port: int) -> list[str]:
        if self._resolve is None:
            return [host]
        try:
            return checked(host, self._resolve(host, port), self._manners)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error


def transport(network: CheckedNetwork, proxy: str | None = None) -> httpx.HTTPTransport:
    """A transport over `network`. httpx has no parameter for what httpcore calls a network backend; the tests of addresses hold this line."""
    made = httpx.HTTPTransport(proxy=proxy, limits=httpx.Limits(max_keepalive_connections=4))
    made._pool._network_backend = network  # noqa: SLF001
    return made
