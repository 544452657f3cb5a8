"""`aegis dlq discard`: give dead letters up."""

from __future__ import annotations

import click

from aegis.cli.dead_letters.choice import Choice, demand_filter, filters, letters_query, translated
from aegis.cli.dead_letters.dealing import discard, operating
from aegis.cli.screen import counting


@click.command("discard")
@click.argument("number", metavar="[ID]", type=int, required=False)
@filters
@click.option("--all", "every", is_flag=True, help="All open ones, where neither ID nor a filter is given.")
@click.option("--reason", required=True, help="Why nothing needs to be done; kept with the dead letter and in the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def discard_command(*, number: int | None, choice: Choice, every: bool, reason: str, yes: bool) -> None:
    """Give dead letter ID up, or all open ones that the filters mean: bytes that are no change, for example. Nothing is written to any store; a held row
    stays as it is until it changes.
    """
    if not reason.strip():
        raise click.UsageError("--reason must say something")
    if number is not None and not (choice.is_everything and not every):
        raise click.UsageError("give an ID or filters, not both")
    with translated(), operating() as operator:
        if number is not None:
            if sum(discard(operator, choice, reason, number)) == 0:
                raise click.ClickException(f"there is no open dead letter {number}: `aegis dlq list --letters` lists them")
            click.echo(f"dead letter {number} is discarded")
            return
        demand_filter(choice, every)
        found = operator.execute(letters_query("open"), choice.parameters()).fetchone()
        if found is None or not found["letters"]:
            raise click.ClickException("these filters match no open dead letter (`aegis dlq list`)")
        if not yes:
            click.confirm(f"Give up {found['letters']:,} dead letters of {found['causes']:,} causes?", abort=True)
        with counting() as progress:
            task = progress.add_task("discarded", total=found["letters"])
            done = 0
            for batch in discard(operator, choice, reason, newest=found["newest"]):
                done += batch
                progress.update(task, completed=done)
        click.echo(f"{done:,} dead letters are discarded")
