"""`aegis migrate`: bring PostgreSQL's schema up to date."""

from __future__ import annotations

import click
import psycopg

from aegis.migrations import UnknownMigration, migrate, observe
from aegis.settings import settings


@click.command("migrate")
@click.option("--dry-run", is_flag=True, help="Say what would be applied, change nothing.")
def command(dry_run: bool) -> None:
    """Apply the pending migrations of sql/migrations. Forward only; safe to run again and at the same time."""
    dsn = settings().postgres_dsn.get_secret_value()
    try:
        before = observe(dsn) if dry_run else migrate(dsn)
    except (UnknownMigration, psycopg.Error) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from error
    for name in before.pending:
        click.echo(f"{'pending' if dry_run else 'applied'}  {name}")
    click.echo(f"{len(before.applied)} applied before, {len(before.pending)} {'pending' if dry_run else 'applied now'}")
