"""Taking registers and values away from Redis for good, and putting them back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from aegis.stores.protocol import Image
from aegis.stores.redis_errors import translated
from aegis.stores.redis_inspection import STEP, look
from aegis.stores.redis_names import Names

CALL_KEYS = 250
CALL_BYTES = 1_000_000
_FORGET, _RESTORE = (files("aegis.stores").joinpath(f"redis_{name}.lua").read_bytes() for name in ("forget", "restore"))
_NONE = b"-"


def forget(client: Any, names: Names, expected: Mapping[str, int]) -> int:
    """As the protocol says. What was written between reading and deleting stays: its register is another text."""
    keys, gone = list(expected), 0
    for start in range(0, len(keys), CALL_KEYS):
        seen = look(client, names, keys[start : start + CALL_KEYS])
        doomed = {key: register for key, (register, found) in seen.items() if found.stamp == expected[key]}
        if doomed:
            gone += _call(client, _FORGET, names, list(doomed), list(doomed.values()))
    return gone


def images(client: Any, names: Names, keys: Sequence[str]) -> Mapping[str, Image]:
    """Register and value of each key: a text; what is no UTF-8 in base64; what is no string as the server's own dump; None where there is none."""
    found: dict[str, Image] = {}
    for start in range(0, len(keys), STEP):
        chunk = keys[start : start + STEP]
        raw = _raw(client, [names.register(key) for key in chunk] + [names.value(key) for key in chunk])
        for key, register, value in zip(chunk, raw, raw[len(chunk) :], strict=False):
            if (register, value) != (_NONE, _NONE):
                found[key] = {"register": _shown(register), "value": _shown(value)}
    return found


def restore(client: Any, names: Names, images: Mapping[str, Image]) -> int:
    """As the protocol says."""
    return sum(
        _call(client, _RESTORE, names, list(piece), [register for register, _ in piece.values()] + [value for _, value in piece.values()])
        for piece in _pieces((key, _bytes(image["register"]), _bytes(image["value"])) for key, image in images.items())
    )


def _call(client: Any, script: bytes, names: Names, keys: Sequence[str], arguments: Sequence[bytes]) -> int:
    of_registers, of_values = ([name(key) for key in keys] for name in (names.register, names.value))
    with translated():
        return int(client.eval(script, 1 + 2 * len(keys), names.counter, *of_registers, *of_values, *arguments))


def _raw(client: Any, stored: Sequence[str]) -> list[bytes]:
    """What is under each name, as the script that puts it back wants it."""
    with translated():
        texts = client.mget(stored)
        others = [place for place, text in enumerate(texts) if text is None]
        with client.pipeline(transaction=False) as pipeline:
            for place in others:
                pipeline.dump(stored[place])
            dumps = dict(zip(others, pipeline.execute(), strict=True))
    return [b"+" + text if text is not None else _NONE if (dump := dumps[place]) is None else b"=" + dump for place, text in enumerate(texts)]


def _shown(raw: bytes) -> Any:
    if raw == _NONE:
        return None
    kind, rest = raw[:1], raw[1:]
    try:
        return rest.decode() if kind == b"+" else {"dump": b64encode(rest).decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(rest).decode()}


def _bytes(shown: Any) -> bytes:
    match shown:
        case None:
            return _NONE
        case str():
            return b"+" + shown.encode()
        case {"base64": text}:
            return b"+" + b64decode(text)
        case {"dump": text}:
            return b"=" + b64decode(text)
        case _:
            raise ValueError(f"an image of Redis holds texts, base64 or dumps, and not {type(shown).__name__}: restore only what `images` gave")


def _pieces(images: Iterable[tuple[str, bytes, bytes]]) -> Iterator[dict[str, tuple[bytes, bytes]]]:
    """Images cut into calls, none of them too long for the server."""
    piece, size = dict[str, tuple[bytes, bytes]](), 0
    for key, register, value in images:
        if piece and (len(piece) == CALL_KEYS or size + len(value) > CALL_BYTES):
            yield piece
            piece, size = {}, 0
        piece[key] = register, value
        size += len(value)
    if piece:
        yield piece
