"""Errors of Redis' driver, translated once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ClusterDownError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from aegis.errors import Code, StoreUnavailable

_PASSES = ("OOM", "READONLY", "LOADING", "BUSY", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN")
"""Codes of answers that end by themselves or by an operator's hand: memory full, a replica, loading, a long script, disk full."""
_CLASSES = (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError, ClusterDownError, TryAgainError)


def unavailable(error: RedisError) -> bool:
    """Whether the server cannot answer now. Answers about our own commands (WRONGTYPE, NOPERM, …) are no such case."""
    if isinstance(error, _CLASSES):
        return True
    # Servers before 7 put a script's inner error behind words of their own, with a hyphen; a pipeline puts the command before everything.
    words = str(error).rpartition("caused error: ")[2].split()
    return isinstance(error, ResponseError) and any(word.lstrip("-") in _PASSES for word in words)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StoreUnavailable` for what a repetition may heal; everything else passes as it is."""
    try:
        yield
    except RedisError as error:
        if not unavailable(error):
            raise
        raise StoreUnavailable(Code.REDIS_SYNC_FAILED, f"Redis does not answer ({type(error).__name__}: {error}); see `aegis status`, and REDIS_URL") from error
