"""`python -m infra.local.portals`: serve the simulated portals until interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from aiohttp import web

from infra.local.portals.application import API_KEY, HOST, application, simulator
from infra.local.portals.feeds import FEEDS_PATH
from infra.local.portals.notices import NOTICES_PATH
from infra.local.portals.registry import INTERFACES
from infra.local.portals.shelf import Limits

PORT = 18300


@click.command()
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of recorded records; generated ones without it.")
@click.option("--seed", default=1, show_default=True, help="Of the generated records.")
@click.option("--api-key", default=API_KEY, show_default=True, help="The key that requests must carry.")
@click.option("--latency", default=0.0, show_default=True, help="Seconds before each answer.")
@click.option("--per-day", type=int, help="Requests a day that each portal allows.")
@click.option("--per-second", type=int, help="Requests a second that each portal allows.")
def main(*, port: int, data: Path | None, seed: int, api_key: str, latency: float, per_day: int | None, per_second: int | None) -> None:
    """Serve the simulated portals on loopback."""
    try:
        made = simulator(data, seed, api_key)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    for shelf in made.shelves.values():
        shelf.limits = Limits(per_day, per_second, latency_seconds=latency)
    url = f"http://{HOST}:{port}"
    for source, address in replace(made, url=url).urls.items():
        click.echo(f"{INTERFACES[source].title}  {len(made.shelves[source].rows)} records  {address}")
    click.echo(f"korea.kr  feeds  {url}{FEEDS_PATH}\n하늘시    notice boards  {url}{NOTICES_PATH}")
    click.echo(f"orders    {url}/admin/{{state,day,add,change,remove,fault,limits}}")
    try:
        web.run_app(application(made), host=HOST, port=port, access_log=None, print=None)
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be taken ({error.strerror}): give another with --port") from error


if __name__ == "__main__":
    main()
