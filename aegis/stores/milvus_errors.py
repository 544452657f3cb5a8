"""Errors of pymilvus, translated once. The servers' codes differ, so what can be judged before sending is judged by `milvus_row`; this is for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc  # type: ignore[import-untyped]  # it ships no types
from pymilvus.exceptions import DataNotMatchException, DataTypeNotMatchException, DataTypeNotSupportException, MilvusException, ParamError

from aegis.errors import ChangeRejected, Code, StoreUnavailable

_REFUSED_HERE = (ParamError, DataNotMatchException, DataTypeNotMatchException, DataTypeNotSupportException)
"""What the client refuses to send."""
_REFUSED_THERE = frozenset({6, 1100, 1101})
"""Illegal argument (milvus-lite), invalid and missing parameter (Milvus since 2.3)."""
_NOT_FOUND = 100
"""The collection is gone: no waiting brings it back, a restarted worker prepares it."""

_NOT_LOADED = 101


def is_unloaded(error: MilvusException) -> bool:
    """Whether the collection is there, but not loaded: loading it heals this."""
    return bool(error.code == _NOT_LOADED)


def refused(error: MilvusException) -> bool:
    """Whether what was sent can never be stored."""
    return isinstance(error, _REFUSED_HERE) or error.code in _REFUSED_THERE


def unavailable(error: BaseException) -> bool:
    """Whether a repetition may heal it."""
    return isinstance(error, grpc.RpcError) or (isinstance(error, MilvusException) and not refused(error) and error.code != _NOT_FOUND)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StoreUnavailable` for what a repetition may heal; everything else passes as it is."""
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:
        if not unavailable(error):
            raise
        detail = error.code() if isinstance(error, grpc.RpcError) else f"code {error.code}"
        raise StoreUnavailable(
            Code.MILVUS_SYNC_FAILED, f"Milvus does not answer ({type(error).__name__}, {detail}); see `aegis status`, and MILVUS_URI"
        ) from error


@contextmanager
def rejecting(record: str) -> Iterator[None]:
    """Raise `ChangeRejected` about `record` (table and key) where the server refuses the data."""
    try:
        yield
    except MilvusException as error:
        if not refused(error):
            raise
        message = f"{record}: field (unknown): Milvus refused the row (code {error.code}); compare the collection's schema with the shape, or mend the row"
        raise ChangeRejected(Code.MILVUS_SYNC_FAILED, message) from error
