"""Whether a text has been embedded already: the hash that a record keeps beside its vector."""

from __future__ import annotations

import hashlib


def embedding_text_hash(text: str, model: str) -> str:
    """sha256 (64 hex digits) of the model's identity, a zero byte and the text, in UTF-8.

    Equal hashes mean that the vector can be used again; another text or another model gives another hash. The zero byte keeps the two apart, so
    the identity may not contain one.

    Raises:
        ValueError: the identity is empty or contains a zero byte.
        UnicodeEncodeError: the text has a lone surrogate (PostgreSQL stores none).
    """
    if not model or "\0" in model:
        raise ValueError(f"not an identity of an embedding model: {model!r}; use the `model` of the Embedder")
    return hashlib.sha256(b"\0".join((model.encode(), text.encode()))).hexdigest()
