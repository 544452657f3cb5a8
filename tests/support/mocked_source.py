"""Answers of a function instead of the network, as a client receives them: not read yet."""

from __future__ import annotations

from collections.abc import Callable

import httpx


class MockedSource(httpx.BaseTransport):
    """Hands each request to `handle`."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response]) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """A fresh copy of the answer."""
        answer = self._handle(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))
