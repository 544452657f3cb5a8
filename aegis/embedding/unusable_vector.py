"""A vector that no store may keep."""

from __future__ import annotations


class UnusableVector(Exception):
    """The model gave a vector of the wrong shape, that is not finite, or that is not of length 1.

    `position` is that of the text in the batch (0 for the first), so that the caller can name the record; the text itself is never in the message.
    """

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"text {position} of the batch got an unusable vector: {reason}; check the model's files with `make setup`")
        self.position = position
        self.reason = reason
