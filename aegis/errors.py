"""What can go wrong, by code. Codes are stable: they stand in dead letters, in quarantine, in logs and in metrics."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Error codes of Aegis."""

    SOURCE_UNAVAILABLE = "DP_1001"
    RATE_LIMITED = "DP_1002"
    SCRAPING_BLOCKED = "DP_1003"
    INVALID_FORMAT = "DP_1004"
    VALIDATION_FAILED = "DP_2001"
    QUALITY_TOO_LOW = "DP_2002"
    DUPLICATE = "DP_2003"
    MILVUS_SYNC_FAILED = "DP_3001"
    NEO4J_SYNC_FAILED = "DP_3002"
    ELASTICSEARCH_SYNC_FAILED = "DP_3003"
    CONSISTENCY_CHECK_FAILED = "DP_3004"
    REDIS_SYNC_FAILED = "DP_3005"
    HOT_PATH_TIMEOUT = "DP_4001"
    COLD_PATH_FAILED = "DP_4002"
    BATCH_ERROR = "DP_4003"


STORE_CODES = {
    "milvus": Code.MILVUS_SYNC_FAILED,
    "neo4j": Code.NEO4J_SYNC_FAILED,
    "elasticsearch": Code.ELASTICSEARCH_SYNC_FAILED,
    "redis": Code.REDIS_SYNC_FAILED,
    "memory": Code.CONSISTENCY_CHECK_FAILED,
}
"""The code under which each derived store reports a failed synchronisation."""


class AegisError(Exception):
    """An error with a code, and with a message that names the record, the field and the remedy."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class StoreUnavailable(AegisError):
    """The store cannot answer now (connection, timeout, 429, transient): the same batch may be tried again and again."""


class LogUnavailable(AegisError):
    """Kafka did not take what was to be published: nothing of it may be relied on, and all of it may be published again."""


class ChangeRejected(AegisError):
    """This record can never be stored as it is: dead letter and compensation."""


class Undecodable(AegisError):
    """Bytes of the log that are no change: dead letter with the raw bytes."""
