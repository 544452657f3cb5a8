"""Publishes receipts, durably: one message a batch and store."""

from __future__ import annotations

from aegis.codec import Encoder
from aegis.durable_log import DurableLog, Outgoing
from aegis.receipt import RECEIPTS_TOPIC, Receipt


class KafkaReceipts:
    """The receipts' topic. Used from one thread. `topic`: another one, for tests."""

    def __init__(self, durable: DurableLog, encoder: Encoder, topic: str = RECEIPTS_TOPIC) -> None:
        self._log = durable
        self._encoder = encoder
        self._topic = topic

    def publish(self, receipt: Receipt) -> None:
        """Returns when `receipt` is durable. Raises `LogUnavailable`, and KafkaException where the producer itself is beyond repair."""
        self._log.send([Outgoing(self._topic, receipt.store.encode(), self._encoder.encode(receipt.record()))])
