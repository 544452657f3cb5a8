"""Every setting of Aegis, read from the environment, and from the native stack's own file where a variable is not set.

Only composition roots (the CLI, the stream apps' entry point, the native stack) read settings; everything else is handed what it needs.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ENVIRONMENT_FILE = "AEGIS_ENV_FILE"
"""Names the file that `make up` writes with the connections of the native stack; `.run/aegis.env` where it is not set."""


class Settings(BaseSettings):
    """Connections and limits. Each field is read from the variable of its own name in capitals."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", extra="ignore", frozen=True)

    postgres_dsn: SecretStr = SecretStr("postgresql://aegis_owner@127.0.0.1:15432/aegis")
    """The owner's: migrations and administration."""
    postgres_collector_dsn: SecretStr = SecretStr("postgresql://aegis_collector@127.0.0.1:15432/aegis")
    postgres_reader_dsn: SecretStr = SecretStr("postgresql://aegis_reader@127.0.0.1:15432/aegis")
    postgres_operator_dsn: SecretStr = SecretStr("postgresql://aegis_operator@127.0.0.1:15432/aegis")
    """Writes `ops.dead_letters` and touches rows for a retry."""
    postgres_validator_dsn: SecretStr = SecretStr("postgresql://aegis_validator@127.0.0.1:15432/aegis")
    """Judges policies: full validation, quality, deduplication, and the catalogue of files."""
    postgres_cdc_password: SecretStr = SecretStr("")

    elasticsearch_url: str = "http://127.0.0.1:19200"
    neo4j_uri: str = "bolt://127.0.0.1:17687"
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:16379/0")
    milvus_uri: str = "http://127.0.0.1:19530"

    kafka_bootstrap_servers: str = "127.0.0.1:19092"
    schema_registry_url: str = "http://127.0.0.1:18081/apis/ccompat/v7"
    connect_url: str = "http://127.0.0.1:18083"

    embedding_backend: str = "onnx"
    """`onnx`, or `sentence-transformers` where that extra is installed."""
    embedding_model_dir: Path = Path("~/.cache/aegis/models/all-MiniLM-L6-v2")

    aegis_topic_partitions: int = Field(default=6, ge=1)
    aegis_batch_size: int = Field(default=500, ge=1)
    """Most changes that a stream app applies in one batch."""
    aegis_brake_rejections: int = Field(default=100, ge=0)
    """A stream app stops when its store rejects more than half of its last 1,000 changes, but never for fewer rejections than these; 0: never."""
    aegis_store_timeout_seconds: float = Field(default=30.0, gt=0)
    """Bound on one call of a store: a sink that never answers must not keep a batch for ever."""
    aegis_metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where this process serves /metrics and /health, on loopback; 0 takes a free port."""
    aegis_log_level: str = "INFO"
    cold_path_batch_size: int = Field(default=100, ge=1, le=10_000)
    """Policies that the full validation judges in one transaction."""
    quality_score_threshold: float = Field(default=0.7, ge=0, le=1)
    """A policy whose quality score is below it is rejected."""
    aegis_keep_judgements_days: int = Field(default=365, ge=0)
    """Days for which judgements that newer ones have replaced are kept; 0, here and below: for ever."""
    aegis_keep_cleaned_texts_days: int = Field(default=180, ge=0)
    """Days for which answers of language models are kept that no run needs."""
    aegis_keep_dead_deliveries_days: int = Field(default=90, ge=0)
    """Days for which dead letters of services are kept."""
    aegis_webhook_hosts: str = ""
    """Hosts that services may be told of events at, separated by commas; loopback with its port (`hooks.example.org,127.0.0.1:8080`)."""
    aegis_report_dir: Path = Path("reports")
    """Where reports of the cold path are written."""
    openai_api_key: SecretStr = SecretStr("")
    anthropic_api_key: SecretStr = SecretStr("")
    local_llm_url: str = ""
    """Of a server that speaks OpenAI's protocol, for `aegis clean --provider local`."""
    local_llm_api_key: SecretStr = SecretStr("")

    aegis_files_url: str = "files"
    """Where files for analysts lie: a folder, or s3://bucket/prefix with AWS_* in the environment; empty: none are left."""

    collect_proxy: SecretStr = SecretStr("")
    """Proxy for every source, a password in its address included; where empty, HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold, as for other programs."""
    collect_requests_per_second: float = Field(default=5.0, gt=0, le=100)
    """For each source."""
    collect_daily_limits: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Source → most requests a day in Korea, as JSON: {"mss": 100}. A source that is not named is asked until it says that the day's limit is used up."""
    collect_spool_dir: Path = Path(".run/listings")
    """Where the last good listing of each source is kept, as received: closed to others."""
    max_concurrent_collections: int = Field(default=5, ge=1, le=32)
    """Sources that are collected at once."""

    def source(self, name: str) -> SourceSettings:
        """Address and key of the source `name`: a source that is added has its settings, and needs no field here."""
        return SourceSettings(_env_prefix=f"{name}_", _env_file=_environment_file())


class SourceSettings(BaseSettings):
    """Where a source is asked and with which key, from `<SOURCE>_URL` and `<SOURCE>_API_KEY` in capitals: `GOV24_URL`, `GOV24_API_KEY`."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", extra="ignore", frozen=True)

    url: str = ""
    """Empty: the portal's own address."""
    api_key: SecretStr = SecretStr("")


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings(_env_file=_environment_file())


def _environment_file() -> str:
    return os.environ.get(ENVIRONMENT_FILE, ".run/aegis.env")
