"""Which proxy a request goes by. Pure, but for `proxies_of_the_environment`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from collectors.http.manners import host_of, names_loopback

Proxies = Mapping[str, str]
"""Scheme, or `all` → address of the proxy; `no`: hosts that are asked directly, as in NO_PROXY."""


def proxies_of_the_environment(setting: str = "") -> Proxies:
    """By HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; where `setting` is given, that one instead, with NO_PROXY."""
    known = getproxies_environment()
    return {"all": setting, "no": known.get("no", "")} if setting else known


def proxy_for(url: str, proxies: Proxies) -> str | None:
    """The proxy of an address; None: directly. A proxy never leads to our own loopback."""
    host, scheme = host_of(url), urlsplit(url).scheme
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or names_loopback(host) or _is_excepted(host, proxies.get("no", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_excepted(host: str, exceptions: str) -> bool:
    names = [name.strip().lower().removeprefix("*").lstrip(".") for name in exceptions.split(",")]
    return exceptions.strip() == "*" or any(name and (host == name or host.endswith(f".{name}")) for name in names)
