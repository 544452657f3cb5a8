"""One attempt over the network: redirects by hand, each hop checked, the body within bounds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from urllib.parse import urlsplit

import httpx

from collectors.answer import Answer
from collectors.failures import NOT_ALLOWED, TRANSIENT, SourceFailed
from collectors.http.address import Resolve, checked, expect_allowed, resolve
from collectors.http.body import ACCEPTED, whole
from collectors.http.manners import Manners, host_of
from collectors.http.network import CheckedNetwork, transport, within
from collectors.http.proxy import Proxies, proxy_for
from collectors.http.redirect import MOST_REDIRECTS, REDIRECTS, followed, without_query
from collectors.request import Request
from collectors.validators import Validators, validators_in

USER_AGENT = "aegis-collector/0.1 (public policy data; Python httpx)"
"""Requests without a User-Agent may be blocked."""
LONGEST_RETRY_AFTER_SECONDS = 30.0

Wait = Callable[[], None]
"""Returns when the next request may begin."""


class Wire:
    """Connections of one source, direct and by proxy. `through` is a transport to use instead of the network, for tests of what comes after it."""

    def __init__(self, manners: Manners, proxies: Proxies | None = None, *, resolve: Resolve = resolve, through: httpx.BaseTransport | None = None) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs, and a key may stand in the query
        self._manners = manners
        self._proxies = proxies or {}
        self._resolve = resolve
        self._through = through
        self._clients: dict[str | None, httpx.Client] = {}
        self._lock = Lock()

    def expect_allowed(self, request: Request) -> None:
        """Raise `SourceFailed` for an address that this source's client may not ask."""
        expect_allowed(request.url, self._manners)

    def answer(self, request: Request, known: Validators, wait: Wait) -> Answer:
        """The answer at the end of the redirects. Raises `SourceFailed`; its words never have a query or a key in them."""
        with within(self._manners.whole_seconds):
            for _hop in range(MOST_REDIRECTS + 1):
                wait()
                answer = self._hop(request, known)
                if isinstance(answer, Answer):
                    return answer
                request = answer
        raise SourceFailed(NOT_ALLOWED, f"{self._manners.source}: more than {MOST_REDIRECTS} redirects, the last to {host_of(request.url)}")

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def _hop(self, request: Request, known: Validators) -> Answer | Request:
        expect_allowed(request.url, self._manners)
        headers = {"Accept": "application/json", **known.headers, **request.headers, "Accept-Encoding": ACCEPTED}
        try:
            with self._client(request.url).stream("GET", request.url, params=dict(request.params) or None, headers=headers) as response:
                location = response.headers.get("Location")
                if response.status_code in REDIRECTS and location:
                    return followed(request, str(response.url), location)
                return _answer(response, self._manners.most_bytes)
        except httpx.TransportError as error:
            where = urlsplit(request.url)
            # The error's own text may quote the URL, and the key with it: its kind says enough.
            raise SourceFailed(TRANSIENT, f"no answer from {where.hostname}:{where.port or where.scheme} ({type(error).__name__})") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceFailed(NOT_ALLOWED, f"{self._manners.source}: an address that is none ({type(error).__name__})") from None

    def _client(self, url: str) -> httpx.Client:
        proxy = proxy_for(url, self._proxies)
        if proxy is not None:
            self._check_name(url)
        with self._lock:
            if proxy not in self._clients:
                self._clients[proxy] = self._opened(proxy)
            return self._clients[proxy]

    def _opened(self, proxy: str | None) -> httpx.Client:
        network = CheckedNetwork(self._manners, self._resolve if proxy is None else None)
        timeout = httpx.Timeout(self._manners.read_seconds, connect=self._manners.connect_seconds)
        made = self._through or transport(network, proxy)
        return httpx.Client(transport=made, timeout=timeout, headers={"User-Agent": USER_AGENT}, follow_redirects=False, trust_env=False)

    def _check_name(self, url: str) -> None:
        """A proxy resolves names itself; what is known of the name here is checked all the same."""
        host = host_of(url)
        with suppress(OSError):  # names that only the proxy knows
            checked(host, self._resolve(host, urlsplit(url).port or 0), self._manners)


def _answer(response: httpx.Response, most_bytes: int) -> Answer:
    return Answer(
        response.status_code,
        whole(response, most_bytes),
        _retry_after(response.headers.get("Retry-After", "")),
        without_query(str(response.url)),
        response.headers.get("Content-Type", ""),
        validators_in(response.headers),
    )


def _retry_after(header: str) -> float:
    """Seconds of a Retry-After header; its date form is left to the back-off."""
    return min(float(header), LONGEST_RETRY_AFTER_SECONDS) if header.strip().isdecimal() else 0.0
