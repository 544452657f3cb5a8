"""What a source gave along with a body, to ask later whether it is still that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validators:
    """ETag and Last-Modified, word for word."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return self.etag is not None or self.last_modified is not None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a conditional request; none where nothing is known."""
        known = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in known.items() if value is not None}


NO_VALIDATORS = Validators()


def validators_in(headers: Mapping[str, str]) -> Validators:
    """Those of an answer's headers that can be sent back: a header of a request is ASCII."""
    etag, last_modified = (value if (value := headers.get(name)) and value.isascii() else None for name in ("ETag", "Last-Modified"))
    return Validators(etag, last_modified)
