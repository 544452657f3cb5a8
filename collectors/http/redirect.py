"""Where a redirect leads, and what of the request may go along. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from collectors.http.manners import host_of
from collectors.request import Request

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
SECRET_NAMES = frozenset({"servicekey", "crtfckey", "apikeynm", "apikey", "api_key", "key", "token", "access_token", "authorization"})
"""Query parameters that carry a key, in lower case; those whose value is one of these parameters' count too."""
HARMLESS_HEADERS = frozenset({"accept", "accept-language"})


def followed(request: Request, asked: str, location: str) -> Request:
    """The request that a redirect from `asked` to `location` asks for.

    The key stays with the host that it was meant for, and with https where it went by https: elsewhere go neither headers nor query parameters with it.
    """
    target = urljoin(asked, location)
    if _is_same_place(asked, target):
        return Request(target, {}, request.headers)
    headers = {name: value for name, value in request.headers.items() if name.lower() in HARMLESS_HEADERS}
    return Request(_without_secrets(target, _secrets(request, asked)), {}, headers)


def without_query(url: str) -> str:
    """An address as it may stand in words and in tables: no query, no user."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _is_same_place(asked: str, target: str) -> bool:
    before, after = urlsplit(asked), urlsplit(target)
    same_port = _port(asked) == _port(target) or {before.scheme, after.scheme} == {"http", "https"}
    return host_of(asked) == host_of(target) and same_port and not (before.scheme == "https" and after.scheme != "https")


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _secrets(request: Request, asked: str) -> frozenset[str]:
    pairs = [*request.params.items(), *request.headers.items(), *parse_qsl(urlsplit(asked).query)]
    return frozenset(value for name, value in pairs if name.lower() in SECRET_NAMES and value)


def _without_secrets(url: str, secrets: frozenset[str]) -> str:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name.lower() not in SECRET_NAMES and value not in secrets]
    return urlunsplit(parts._replace(query=urlencode(kept) if len(kept) < len(pairs) else parts.query))
