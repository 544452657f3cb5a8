"""Taking registers and values away from Redis for good, and putting them back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from aegis.inspection import NO_STAMP
from aegis.stores.protocol import Image
from aegis.stores.redis_errors import translated
from aegis.stores.redis_inspection import look
from aegis.stores.redis_misplaced import remove, search
from aegis.stores.redis_names import Names

CALL_KEYS = 250
CALL_BYTES = 1_000_000
KEYS_PER_READ = 500
FETCH, _FORGET, _RESTORE = (files("aegis.stores").joinpath(f"redis_{name}.lua").read_bytes() for name in ("fetch", "forget", "restore"))
_NONE = b"-"


def forget(client: Any, names: Names, expected: Mapping[str, int]) -> int:
    """As the protocol says, with `NO_STAMP` misplaced registers too. What was written between reading and deleting stays: its register is another text."""
    keys, gone = list(expected), 0
    misplaced = search(client, names, [key for key in keys if expected[key] == NO_STAMP])
    if misplaced:
        remove(client, names, misplaced)
    for start in range(0, len(keys), CALL_KEYS):
        seen = look(client, names, keys[start : start + CALL_KEYS])
        doomed = {key: register for key, (register, found) in seen.items() if found.stamp == expected[key]}
        # Of the former something is gone already.
        former, others = (({key: register for key, register in doomed.items() if (key in misplaced) is had}) for had in (True, False))
        if former:
            _call(client, _FORGET, names, list(former), list(former.values()))
        if others:
            gone += _call(client, _FORGET, names, list(others), list(others.values()))
    return gone + len(misplaced)


def images(client: Any, names: Names, keys: Sequence[str]) -> Mapping[str, Image]:
    """Register and value of each key: a text; what is no UTF-8 in base64; a value that is no string as the server's own dump; None where there is none.

    Misplaced registers are none of it: they say nothing that is not said better elsewhere.
    """
    found: dict[str, Image] = {}
    for start in range(0, len(keys), KEYS_PER_READ):
        chunk = keys[start : start + KEYS_PER_READ]
        with translated():
            texts = client.eval_ro(FETCH, 2 * len(chunk), *names.of(chunk), names.before_key)
        registers = [_NONE if text is None else b"+" + text for text in texts[: len(chunk)]]
        for key, register, value in zip(chunk, registers, _values(client, names, chunk, texts[len(chunk) :]), strict=True):
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
    with translated():
        return int(client.eval(script, 1 + 2 * len(keys), names.counter, *names.of(keys), names.before_key, *arguments))


def _values(client: Any, names: Names, keys: Sequence[str], texts: Sequence[bytes | None]) -> list[bytes]:
    """The value of each of `keys`, as the script that puts it back wants it. `texts`: those that are strings."""
    others = [place for place, text in enumerate(texts) if text is None]
    with translated(), client.pipeline(transaction=False) as pipeline:
        for place in others:
            pipeline.dump(names.value(keys[place]))
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
