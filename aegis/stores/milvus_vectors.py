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
from aegis.stamp import Rank
from aegis.stores.milvus_row import VECTOR, usable

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

        A repair is embedded anew, since the stored vector may be what is wrong; so is a text whose stored vector is unusable.

        `stored`: key → row with `text_hash` and `model`; `read` gives the vectors of those that fit.
        """
        hashes = {record.key: embedding_text_hash(text_of(record), self.embedder.model) for record in records}
        anew = {hashes[record.key] for record in records if record.stamp.rank is Rank.REPAIR}
        fitting = [key for key, digest in hashes.items() if key in stored and (stored[key]["text_hash"], stored[key]["model"]) == (digest, self.embedder.model)]
        kept = [key for key in fitting if hashes[key] not in anew]
        vectors = {
            # Checked again: the row is read a second time, and a vector must be that of its text.
            hashes[key]: np.asarray(row[VECTOR], dtype=np.float32)
            for key, row in (read(kept) if kept else {}).items()
            if row["text_hash"] == hashes[key]
        }
        for digest in self._unusable(vectors):
            del vectors[digest]
        texts = {hashes[record.key]: text_of(record) for record in records if hashes[record.key] not in vectors}
        made, unusable = self._embed(texts)
        self.embedded += len(made)
        self.reused += sum(digest not in unusable for digest in hashes.values()) - len(made)
        vectors |= made
        unusable |= self._unusable(vectors)
        refused = {record.key: _no_vector(record, unusable[hashes[record.key]]) for record in records if hashes[record.key] in unusable}
        return {key: (digest, vectors[digest]) for key, digest in hashes.items() if key not in refused}, refused

    def _unusable(self, vectors: Mapping[str, Vector]) -> dict[str, str]:
        """Hash → what is wrong with its vector, whoever made it."""
        dimension = self.embedder.dimension
        if not vectors:
            return {}
        if any(vector.shape != (dimension,) for vector in vectors.values()):
            return {digest: f"it has not {dimension} numbers" for digest, vector in vectors.items() if vector.shape != (dimension,)}
        fine = usable(np.stack(list(vectors.values())))
        return {digest: "it is not finite or not of length 1" for digest, sound in zip(vectors, fine, strict=True) if not sound}

    def _embed(self, texts: Mapping[str, str]) -> tuple[dict[str, Vector], dict[str, str]]:
        """Hash → vector, and hash → what was wrong. One bad text costs a second run of the others, and happens about never."""
        left, unusable = dict(texts), dict[str, str]()
        while left:
            try:
                return dict(zip(left, self.embedder.embed(list(left.values())), strict=True)), unusable
            except UnusableVector as error:
                digest = list(left)[error.position]
                unusable[digest] = error.reason
                del left[digest]
        return {}, unusable


def text_of(record: Record) -> str:
    """The text to embed of a record that has content."""
    return str(record.content["text"]) if record.content is not None else ""


def _no_vector(record: Record, reason: str) -> ChangeRejected:
    message = f"{record.table} {record.key}: field {VECTOR}: no usable vector: {reason}; check the model's files with `make setup`, or mend the row's text"
    return ChangeRejected(Code.MILVUS_SYNC_FAILED, message)
