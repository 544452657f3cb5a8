"""Where files for analysts lie: a local folder, or S3-compatible storage, by one setting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

import fsspec
from botocore.exceptions import BotoCoreError
from fsspec.implementations.local import LocalFileSystem

from aegis.errors import AegisError, Code

CHUNK_BYTES = 1 << 20


class FilesUnavailable(AegisError):
    """The folder or bucket cannot be read or written."""


class Sink:
    """Counts and sums what is written through it. A file object as far as writers that only append need one."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._sum = hashlib.sha256()
        self.byte_count = 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Append bytes."""
        view = memoryview(data).cast("B")
        self._target.write(view)
        self._sum.update(view)
        self.byte_count += len(view)
        return len(view)

    def tell(self) -> int:
        """Bytes written so far."""
        return self.byte_count

    def flush(self) -> None:
        """Nothing is kept back here."""

    def close(self) -> None:
        """The storage closes the target, after it knows whether the file is whole."""
        self.closed = True

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hexadecimal."""
        return self._sum.hexdigest()


class Storage:
    """One folder of files. `url`: a path, or `s3://bucket/prefix`; keys and endpoint of the latter come from AWS_* of the environment.

    A file is there whole or not at all. Raises `FilesUnavailable` where the storage does not take or give one.
    """

    def __init__(self, url: str) -> None:
        try:
            self._filesystem, root = fsspec.core.url_to_fs(str(Path(url).expanduser()) if "://" not in url else url)
        except (ValueError, ImportError) as error:
            raise FilesUnavailable(Code.BATCH_ERROR, f"AEGIS_FILES_URL {url!r}: {error}; give a folder or s3://bucket/prefix") from error
        self._root = root.rstrip("/")
        self.url = url

    def where(self, path: str) -> str:
        """The whole address of `path`."""
        return str(self._filesystem.unstrip_protocol(f"{self._root}/{path}")).removeprefix("file://")

    @contextmanager
    def writing(self, path: str) -> Iterator[Sink]:
        """A sink for a new file at `path`, which is there once the block is left without an error; the folders above are made."""
        with self._explained(path):
            if isinstance(self._filesystem, LocalFileSystem):
                yield from self._aside(Path(self._root) / path)
            else:
                yield from self._uploaded(f"{self._root}/{path}")

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        """The bytes of `path`."""
        with self._explained(path), self._filesystem.open(f"{self._root}/{path}", "rb") as file:
            yield cast("BinaryIO", file)

    def sha256(self, path: str) -> str:
        """Checksum of the file as it is now, in hexadecimal. Raises FileNotFoundError where it is gone."""
        total = hashlib.sha256()
        with self.reading(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                total.update(chunk)
        return total.hexdigest()

    def _aside(self, target: Path) -> Iterator[Sink]:
        """Beside the target, so that the rename is atomic. Readable by nobody else: raw records name officials."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                part.chmod(0o600)
                yield Sink(file)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def _uploaded(self, target: str) -> Iterator[Sink]:
        """S3 shows an object when its upload is committed, and not before."""
        file = self._filesystem.open(target, "wb", autocommit=False)
        try:
            yield Sink(file)
            file.close()
            file.commit()
        except BaseException:
            with suppress(OSError, BotoCoreError):  # what went wrong first is what there is to tell
                file.discard()
            file.closed = True  # else it would be sent once more when it is forgotten
            raise

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, BotoCoreError) as error:  # s3fs passes on what botocore raises where nobody answers, or no key is known
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise FilesUnavailable(Code.BATCH_ERROR, f"{self.where(path)}: {reason}; look at AEGIS_FILES_URL, its rights and its space") from error
