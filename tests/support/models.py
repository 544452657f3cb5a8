"""A server on loopback that speaks the protocols of OpenAI and Anthropic, and answers as it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Given = tuple[int, dict[str, str], Any]
"""Status, headers, and the answer: an object for the model's answer, text for a body as it is."""
GOOD = {"category": "창업"}


def good(_body: dict[str, Any]) -> Given:
    """The answer of a model that does its work."""
    return 200, {}, GOOD


@dataclass(slots=True)
class Models:
    """What was asked, and what is answered."""

    url: str
    answer: Callable[[dict[str, Any]], Given] = good
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of requests, in the order in which they came."""
    keys: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)


@contextmanager
def models() -> Iterator[Models]:
    """The server, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with served.lock:
                served.asked.append(body)
                served.keys.add(self.headers.get("x-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer "))
                status, headers, given = served.answer(body)
            text = given if isinstance(given, str) else json.dumps(_anthropic(given) if "tools" in body else _openai(given))
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Models(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield served
        finally:
            server.shutdown()


def _openai(given: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": json.dumps(given, ensure_ascii=False)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def _anthropic(given: Any) -> dict[str, Any]:
    content = [{"type": "tool_use", "id": "t", "name": "answer", "input": given}]
    usage = {"input_tokens": 100, "output_tokens": 10}
    return {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": usage,
    }
