"""`aegis`: the command line. Commands are loaded when they are used, so that a broken one does not take the others with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points, version
from typing import Any

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError

from aegis.errors import AegisError
from aegis.settings import ENVIRONMENT_FILE, Settings
from aegis.telemetry.logs import quiet_drivers

GROUP = "aegis.commands"
"""Entry point group in which other packages register their commands; each entry is a click.Command."""

OWN = {
    "demo": ("aegis.cli.demo", "Collect generated policies and show them arrive, change and disappear in all stores."),
    "dlq": ("aegis.cli.dlq", "List, show, retry and discard dead letters and held keys."),
    "doctor": ("aegis.cli.doctor", "Check every prerequisite and common fault, with the remedy."),
    "migrate": ("aegis.cli.migrate", "Bring PostgreSQL's schema up to date."),
    "status": ("aegis.cli.status", "Show servers, connectors, lag, counts and dead letters."),
    "files": ("aegis.cli.files", "List, show and verify files for analysts."),
    "topics": ("aegis.cli.topics", "Create the Kafka topics and check their partitions."),
    "trace": ("aegis.cli.trace", "Follow one row from PostgreSQL into every derived store."),
    "watch": ("aegis.cli.watch", "Watch rates, lag and dead letters live."),
}
"""Commands of this package: module (its attribute `command`) and help line, so that `aegis --help` imports none of them."""

Loader = Callable[[], Any]


def _own(module: str) -> Any:
    return import_module(module).command


def registered() -> dict[str, Loader]:
    """Name → loader of the commands that other packages registered."""
    return {entry.name: entry.load for entry in entry_points(group=GROUP)}


def broken(name: str, error: Exception) -> click.Command:
    """A command that stands in for one that cannot be loaded, and says why when it is used."""
    reason = f"cannot be loaded: {type(error).__name__}: {error}"

    def fail(**_: Any) -> None:
        raise click.ClickException(f"command {name} {reason}")

    unparsed = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    return click.Command(name, callback=fail, short_help=f"({reason})", context_settings=unparsed)


class Commands(click.Group):
    """A group whose commands are loaded by name, and whose known errors are one line each."""

    def __init__(self, own: Mapping[str, tuple[str, str]], others: Callable[[], Mapping[str, Loader]], **options: Any) -> None:
        super().__init__(**options)
        self._own = own
        self._others = others

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._own, *self._others()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        load = partial(_own, self._own[cmd_name][0]) if cmd_name in self._own else self._others().get(cmd_name)
        if load is None:
            return None
        try:
            loaded = load()
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the others must go on
            return broken(cmd_name, error)
        if not isinstance(loaded, click.Command):
            return broken(cmd_name, TypeError(f"{loaded!r} is no click command"))
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = []
        for name in self.list_commands(ctx):
            if name in self._own:
                lines.append((name, self._own[name][1]))
            elif (loaded := self.get_command(ctx, name)) is not None:
                lines.append((name, loaded.get_short_help_str(limit=120)))
        with formatter.section("Commands"):
            formatter.write_dl(lines)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AegisError as error:
            raise click.ClickException(str(error)) from error
        except ValidationError as error:
            if error.title != Settings.__name__:
                raise
            raise click.ClickException(settings_fault(error)) from error
        except SettingsError as error:
            raise click.ClickException(f"settings: {error}; set the variable, or mend the file that {ENVIRONMENT_FILE} names") from error


def settings_fault(error: ValidationError) -> str:
    """What is wrong with the settings, naming each variable; never its value, which may be a secret."""
    faults = [f"{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}" for fault in error.errors(include_input=False, include_url=False)]
    return f"settings: {'; '.join(faults)}. Set the variable in the environment, or mend the file that {ENVIRONMENT_FILE} names (default .run/aegis.env)"


@click.command(
    cls=Commands,
    own=OWN,
    others=registered,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 160},
)
@click.version_option(version("aegis"), prog_name="aegis")
def aegis() -> None:
    """Keep Milvus, Neo4j, Elasticsearch and Redis equal to PostgreSQL.

    Connections come from the environment, or from .run/aegis.env, which `make up` writes. Start with `aegis status` and `aegis doctor`.
    """
    quiet_drivers()


def main() -> None:
    """Entry point of the console script."""
    aegis(prog_name="aegis")
