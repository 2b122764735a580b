"""``token create``, ``token list`` and ``token revoke``: who may do what. A running gateway takes changes at once."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from producer.contract.errors import InvalidSetting
from runfolio import terminal
from runfolio.commands.options import DataDir, comma_separated
from runfolio.target import find_tokens_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from producer.access.tokens import Scope, TokenEntry, TokenFile

app = typer.Typer(help="Create, list and revoke tokens.", no_args_is_help=True)

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What the token is called, in lists and in the audit.")],
    can: Annotated[
        list[str],
        typer.Option("--can", help="What it may do: ingest, read, export, delete, reveal; several by commas."),
    ],
    workflows: Annotated[
        list[str], typer.Option("--workflows", help="Glob of the workflow ids that it is for; may be repeated.")
    ],
    expires: Annotated[
        str | None, typer.Option("--expires", help="When it ends: 12h, 90d, or a date (RFC 3339).", show_default=False)
    ] = None,
    webhook: Annotated[
        bool,
        typer.Option(
            "--webhook",
            help="Make a secret by which an engine signs its events (Standard Webhooks), or a webhook of GitHub or "
            "GitLab proves its sender.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Create a token and print it, this once: only its digest is kept."""
    tokens = _tokens(data_dir)
    make = tokens.create_webhook_secret if webhook else tokens.create
    terminal.result(make(name, _scopes(can), workflows, _moment(expires)))


@app.command("list")
def list_tokens(data_dir: DataDir = None) -> None:
    """List the tokens, without any secret: a table on a terminal, else tab-separated lines."""
    entries = _tokens(data_dir).list()
    if sys.stdout.isatty():
        _show_table(entries)
    else:
        for entry in entries:
            terminal.result("\t".join(_row(entry)))


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")], data_dir: DataDir = None
) -> None:
    """Revoke a token: it ends at once."""
    _tokens(data_dir).revoke(name)


def _tokens(data_dir: DataDir) -> TokenFile:
    from producer.access.tokens import TokenFile  # noqa: PLC0415 # the other commands need not wait for it

    return TokenFile(find_tokens_file(data_dir))


def _scopes(can: list[str]) -> list[Scope]:
    from producer.access.tokens import Scope  # noqa: PLC0415 # as above

    try:
        return [Scope(one) for one in comma_separated(can)]
    except ValueError as error:
        raise typer.BadParameter(f"{str(error).split(' is not')[0]} is not one of {', '.join(Scope)}.") from None


def _moment(text: str | None) -> datetime | None:
    """Read a time from now on, or a date. Raises InvalidSetting for anything else, and for what has passed."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,9})([mhd])", text.strip())
    try:
        moment = (
            datetime.now(UTC).replace(microsecond=0) + timedelta(**{_UNITS[match[2]]: int(match[1])})
            if match
            else datetime.fromisoformat(text.strip())
        )
    except (ValueError, OverflowError):
        raise InvalidSetting(
            f"'{text}' is no time.", field="--expires", remedy="Write 12h, 90d, or a date such as 2030-01-31."
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if aware <= datetime.now(UTC):
        raise InvalidSetting(f"{aware.isoformat()} has passed.", field="--expires", remedy="Name a time to come.")
    return aware


def _row(entry: TokenEntry) -> tuple[str, str, str, str, str]:
    kind = "token" if entry.webhook_secret is None else "webhook secret"
    expires = "never" if entry.expires_at is None else entry.expires_at.isoformat()
    return entry.name, kind, ",".join(entry.can), ",".join(entry.workflows), expires


def _show_table(entries: Sequence[TokenEntry]) -> None:
    from rich.console import Console  # noqa: PLC0415 # needed on a terminal only
    from rich.table import Table  # noqa: PLC0415 # as above
    from rich.text import Text  # noqa: PLC0415 # as above

    table = Table("name", "kind", "can", "workflows", "expires")
    for entry in entries:
        table.add_row(*map(Text, _row(entry)))
    Console().print(table)
