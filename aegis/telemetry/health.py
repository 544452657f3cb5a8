"""A small HTTP server of each process, on loopback: /metrics, /health (the process answers) and /health/ready (it does its work)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

log = structlog.get_logger(__name__)

Readiness = tuple[bool, Mapping[str, Any]]
"""Ready or not, and details as JSON values: what each dependency answered."""

LOOPBACK = "127.0.0.1"


def always_ready() -> Readiness:
    """For a process without dependencies to wait for."""
    return True, {}


class HealthServer:
    """Serves in a thread of its own, from `with HealthServer(…)` or `start()` until `close()`.

    `ready` is asked at each request of /health/ready, in the server's thread: it must answer within a second or so. If it raises, the process is not ready.
    """

    def __init__(self, port: int, ready: Callable[[], Readiness] = always_ready, registry: CollectorRegistry = REGISTRY) -> None:
        """Bind `port` (0: a free one). Raises OSError where it is taken."""
        self._server = ThreadingHTTPServer((LOOPBACK, port), _handler(ready, registry))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        log.info("health.listening", port=self.port)
        return self

    def close(self) -> None:
        """Stop answering and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _readiness(ready: Callable[[], Readiness]) -> Readiness:
    try:
        return ready()
    except Exception as error:
        log.exception("health.readiness_failed")
        return False, {"error": f"{type(error).__name__}: {error}"}


def _answer(path: str, ready: Callable[[], Readiness], registry: CollectorRegistry) -> tuple[int, str, bytes]:
    """Status, content type and body for `path`."""
    match path.split("?", maxsplit=1)[0].rstrip("/"):
        case "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
        case "/health":
            return 200, "application/json", orjson.dumps({"status": "ok"})
        case "/health/ready":
            is_ready, details = _readiness(ready)
            body = orjson.dumps({"status": "ready" if is_ready else "not ready", **details}, default=str)
            return (200 if is_ready else 503), "application/json", body
        case _:
            return 404, "application/json", orjson.dumps({"error": "ask /metrics, /health or /health/ready"})


def _handler(ready: Callable[[], Readiness], registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET; one per request."""

        def do_GET(self) -> None:
            """Answer one request."""
            status, content_type, body = _answer(self.path, ready, registry)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is http.server's
            """Requests of probes and scrapers are not worth a line each."""
            log.debug("health.request", request=format % args)

    return Handler
