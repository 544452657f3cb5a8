"""A derived store on the command line: by its name, or by what it is for."""

from __future__ import annotations

import click

from aegis.derivations import STORE_ROLES, STORES


class StoreName(click.ParamType):
    """`elasticsearch` or `search`, and so on; gives the name."""

    name = "store"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        named = STORE_ROLES.get(value, value)
        if named not in STORES:
            self.fail(f"no derived store is named {value!r}; use one of {', '.join(STORES)}, or {', '.join(STORE_ROLES)}", param, ctx)
        return named

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "STORE"


STORE = StoreName()
