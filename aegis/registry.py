"""The schema registry: schemas by id for decoding, ids by schema for encoding."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from httpx import HTTPError

from aegis.codec import Codec, Encoder
from aegis.errors import AegisError, Code, Undecodable

SCHEMA_FOLDER = Path(__file__).parent.parent / "schemas" / "avro"
_NOT_FOUND = 404


class RegistryUnavailable(AegisError):
    """The schema registry cannot answer now: the same question may be asked again."""


class UnknownSubject(AegisError):
    """Nobody has registered a schema under this subject."""


class Registry:
    """Talks to the registry's Confluent interface. Answers never change for an id, so the client's cache of them is for ever."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # one line a request otherwise
        self._url = url
        self._client = SchemaRegistryClient({"url": url, "timeout": timeout_seconds, "max.retries": 0})

    def schema(self, number: int) -> str:
        """Schema `number` as JSON text. Raises `Undecodable` when the registry does not know it, `RegistryUnavailable` when it does not answer."""
        try:
            text = self._client.get_schema(number).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                raise Undecodable(Code.INVALID_FORMAT, f"the registry knows no schema {number}: was its storage lost? Restore it, then retry") from error
            raise self._unavailable(error) from error
        except HTTPError as error:
            raise self._unavailable(error) from error
        if text is None:
            raise Undecodable(Code.INVALID_FORMAT, f"schema {number} is empty in the registry")
        return text

    def encoder(self, subject: str) -> Encoder:
        """Encoder for the committed schema `schemas/avro/<subject>.avsc`, registered under `subject` if it is not yet."""
        text = committed_schema(subject)
        try:
            number = self._client.register_schema(subject, Schema(text, "AVRO"))
        except (SchemaRegistryError, HTTPError) as error:
            raise self._unavailable(error) from error
        return Encoder(number, text)

    def registered_encoder(self, subject: str) -> Encoder:
        """Encoder for the committed schema of `subject` under the id of its latest registered version; registers nothing.

        Raises `UnknownSubject` where there is none, and `RegistryUnavailable`.
        """
        try:
            number = self._client.get_latest_version(subject).schema_id
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                raise UnknownSubject(
                    Code.SOURCE_UNAVAILABLE,
                    f"the registry knows no subject {subject}: the connector registers it with the first row that it writes; "
                    "see `aegis status`, start the connector with `aegis connect apply`, and run this again",
                ) from error
            raise self._unavailable(error) from error
        except HTTPError as error:
            raise self._unavailable(error) from error
        if number is None:
            raise UnknownSubject(Code.SOURCE_UNAVAILABLE, f"the registry's answer for subject {subject} names no schema id: is its version the pinned one?")
        return Encoder(number, committed_schema(subject))

    def codec(self) -> Codec:
        """A codec that looks schemas up here."""
        return Codec(self.schema)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _unavailable(self, error: Exception) -> RegistryUnavailable:
        return RegistryUnavailable(Code.SOURCE_UNAVAILABLE, f"schema registry {self._url}: {error}; see `make status` and `make logs SERVICE=registry`")


@cache
def committed_schema(subject: str) -> str:
    """The committed schema of `subject`, as JSON text."""
    return (SCHEMA_FOLDER / f"{subject}.avsc").read_text(encoding="utf-8")
