"""A source on loopback that answers each path by a script: redirects, drips, bodies cut short, bodies of any size."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    target: str
    headers: dict[str, str]
    """Names in lower case."""


@dataclass(slots=True)
class ScriptedSource:
    """Path → script, and what was asked. A script writes the answer, with the handler's own methods."""

    scripts: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    """Set when the test is over: whoever drips stops."""
    port: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Address of `path` at this source, under any name."""
        return f"http://{host}:{self.port}{path}"

    def answers(self, path: str, body: bytes = b"{}", status: int = 200, **headers: str) -> None:
        """From now on `path` answers so. Underscores in names of headers are dashes."""

        def script(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content_Length": str(len(body)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)

        self.scripts[path] = script

    def redirects(self, path: str, location: str) -> None:
        """From now on `path` leads to `location`."""
        self.answers(path, b"", 302, Location=location)


@contextmanager
def scripted_source(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedSource]:
    """A source on a free port, ended afterwards."""
    source = ScriptedSource()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            source.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
            with suppress(OSError):  # the client had enough
                source.scripts[self.path.partition("?")[0]](self)

        def log_request(self, code: object = None, size: object = None) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: clients of these tests hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    source.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield source
    finally:
        source.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
