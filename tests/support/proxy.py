"""A TCP proxy that loses replies or cuts connections of a real server in mid-test."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class Proxy:
    """Forwards a free loopback port (`port`) to a server. Connections made before a fault suffer it too."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lossy, self._lock = Event(), Lock()
        self._open: set[socket.socket] = set()
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def lose_replies(self) -> None:
        """From now on requests reach the server, and no answer comes back."""
        self._lossy.set()

    def heal(self) -> None:
        """Forward everything again, on new connections: those that lost bytes are cut."""
        self.cut()
        self._lossy.clear()

    def cut(self) -> None:
        """Close every connection."""
        with self._lock:
            cut, self._open = self._open, set()
        for end in cut:
            _shut(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _shut(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the listener was closed: the test is over
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:  # the server is away, and the client learns it as it would without a proxy
                _shut(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            for source, sink, loses in ((client, server, False), (server, client, True)):
                thread = Thread(target=self._pump, args=(source, sink, loses), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, loses: bool) -> None:
        with suppress(OSError):  # cut, by either side or by the test: the other end learns it below
            while data := source.recv(_CHUNK):
                if not (loses and self._lossy.is_set()):
                    sink.sendall(data)
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    """Close a socket so that a thread blocked on it wakes up."""
    with suppress(OSError):  # not connected any more, which is what is wanted
        end.shutdown(socket.SHUT_RDWR)
    end.close()
