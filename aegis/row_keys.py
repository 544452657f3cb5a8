"""Keys of rows as the connector writes them into the log: a correction must reach the partition of its row's changes."""

from __future__ import annotations

from aegis.codec import Encoder
from aegis.derivations import CAPTURED
from aegis.envelope import table_topic
from aegis.registry import Registry, UnknownSubject


class RowKeys:
    """Makes key bytes. The registry is asked once per table.

    Source: Connect's Avro converter, which writes a key in Confluent's wire format under the id that the registry gave to its schema.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._encoders: dict[str, Encoder] = {}

    def key_bytes(self, table: str, key: str) -> bytes:
        """The bytes of `key` of captured `table`. Raises `RegistryUnavailable`."""
        encoder = self._encoders.get(table)
        if encoder is None:
            encoder = self._encoders[table] = self._encoder(f"{table_topic(table)}-key")
        return encoder.encode({CAPTURED[table].key: key})

    def _encoder(self, subject: str) -> Encoder:
        try:
            return self._registry.registered_encoder(subject)
        except UnknownSubject:
            # No row of the table was ever captured, and yet a store may hold an orphan of it. The connector will find the same schema under this id.
            return self._registry.encoder(subject)
