"""The script that holds the one rule, and calls of it in the bytes of Redis' protocol.

Calls are packed here, since the driver's own packing costs more than all else that a batch takes on the client.
Source: the RESP specification, arrays of bulk strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

SCRIPT = files("aegis.stores").joinpath("redis_apply.lua").read_bytes()
SHA = sha1(SCRIPT, usedforsecurity=False).hexdigest().encode()

Call = tuple[Sequence[int], bytes]
"""Places of the records in their batch, and the packed call that applies them."""


def word(text: bytes) -> bytes:
    """`text` as a bulk string."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def packed_call(counter: str, before_key: int, hashes: Sequence[bytes], values: Sequence[bytes], arguments: Sequence[bytes]) -> bytes:
    """One EVALSHA. `hashes` and `values`: names, a bulk string a record; `before_key`: how many bytes of a value's name stand before the key; `arguments`:
    register and value, two bulk strings a record.
    """
    key_count = 1 + len(hashes) + len(values)
    head = b"*%d\r\n" % (4 + key_count + 2 * len(arguments))
    names = (word(counter.encode()), *hashes, *values)
    return b"".join((head, word(b"EVALSHA"), word(SHA), word(b"%d" % key_count), *names, word(b"%d" % before_key), *arguments))


def answers(client: Any, calls: Iterable[Call]) -> Iterator[tuple[Sequence[int], bytes]]:
    """Places and verdicts of `calls`. Each is sent when it is made, so the server works on one while the next is packed.

    A server that has restarted has forgotten the script and is told again. Raises what the driver raises; which calls were applied is then unknown.
    """
    with connection_of(client) as connection:
        sent = list(_sent(connection, calls))
        replies = _replies(connection, len(sent))
        if any(isinstance(reply, NoScriptError) for reply in replies):
            connection.send_command("SCRIPT LOAD", SCRIPT)
            connection.read_response()
            replies = _replies(connection, len(list(_sent(connection, sent))))
    for (places, _), reply in zip(sent, replies, strict=True):
        if isinstance(reply, ResponseError):
            raise reply
        yield places, reply


def _sent(connection: Any, calls: Iterable[Call]) -> Iterator[Call]:
    for call in calls:
        connection.send_packed_command([call[1]])
        yield call


def _replies(connection: Any, number: int) -> list[Any]:
    """Every reply, errors of the server included: one left unread would answer somebody else's command."""
    replies = []
    for _ in range(number):
        try:
            replies.append(connection.read_response())
        except ResponseError as error:
            replies.append(error)
    return replies


@contextmanager
def connection_of(client: Any) -> Iterator[Any]:
    """A connection of the client's pool; closed where something went wrong, since replies may be under way."""
    connection = client.connection_pool.get_connection()
    try:
        yield connection
    except BaseException:
        connection.disconnect()
        raise
    finally:
        client.connection_pool.release(connection)
