"""The vectors of a batch: what was embedded already is used again, what is equal is embedded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aegis.embedding.protocol import Embedder
from aegis.embedding.text import embedding_text_hash
from aegis.embedding.unusable_vector import UnusableVector
from aegis.errors import ChangeRejected, Code
from aegis.record import Record
from aegis.stores.milvus_row import VECTOR, require_vector

Vector = NDArray[np.float32]
Read = Callable[[list[str]], Mapping[str, Mapping[str, Any]]]
"""Keys → rows with `text_hash` and the vector, as stored now."""


class Vectors:
    """Makes vectors for records, and counts how."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.embedded = 0
        """Texts that went through the model."""
        self.reused = 0
        """Records that took a vector that was there: the stored one, or that of an equal text in the batch."""

    def of(
        self, records: Sequence[Record], stored: Mapping[str, Mapping[str, Any]], read: Read
    ) -> tuple[dict[str, tuple[str, Vector]], dict[str, ChangeRejected]]:
        """Key → text hash and vector, and key → reason for records whose text got no usable vector.

        `stored`: key → row with `text_hash` and `model`; `read` gives the vectors of those that fit.
        """
        hashes = {record.key: embedding_text_hash(text_of(record), self.embedder.model) for record in records}
        kept = [key for key, digest in hashes.items() if key in stored and (stored[key]["text_hash"], stored[key]["model"]) == (digest, self.embedder.model)]
        vectors = {
            # Checked again: the row is read a second time, and a vector must be that of its text.
            hashes[key]: np.asarray(row[VECTOR], dtype=np.float32)
            for key, row in (read(kept) if kept else {}).items()
            if row["text_hash"] == hashes[key]
        }
        texts = {hashes[record.key]: text_of(record) for record in records if hashes[record.key] not in vectors}
        made, unusable = self._embed(texts)
        self.embedded += len(made)
        self.reused += sum(digest not in unusable for digest in hashes.values()) - len(made)
        vectors |= made
        answers: dict[str, tuple[str, Vector]] = {}
        refused: dict[str, ChangeRejected] = {}
        for record in records:
            digest = hashes[record.key]
            try:
                if digest in unusable:
                    raise _no_vector(record, unusable[digest])
                require_vector(record, vectors[digest], self.embedder.dimension)
                answers[record.key] = (digest, vectors[digest])
            except ChangeRejected as error:
                refused[record.key] = error
        return answers, refused

    def _embed(self, texts: Mapping[str, str]) -> tuple[dict[str, Vector], dict[str, UnusableVector]]:
        """Hash → vector, and hash → error. One bad text costs a second run of the others, and happens about never."""
        left, unusable = dict(texts), dict[str, UnusableVector]()
        while left:
            try:
                return dict(zip(left, self.embedder.embed(list(left.values())), strict=True)), unusable
            except UnusableVector as error:
                digest = list(left)[error.position]
                unusable[digest] = error
                del left[digest]
        return {}, unusable


def text_of(record: Record) -> str:
    """The text to embed of a record that has content."""
    return str(record.content["text"]) if record.content is not None else ""


def _no_vector(record: Record, error: UnusableVector) -> ChangeRejected:
    message = f"{record.table} {record.key}: field {VECTOR}: {error.reason}; check the model's files with `make setup`, or mend the row's text"
    return ChangeRejected(Code.MILVUS_SYNC_FAILED, message)
