"""What the user sees: results on standard output, everything else on standard error, bars on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from typer.exceptions import TyperException

from producer.contract.errors import RunfolioError

Report = Callable[[int, int], None]
"""Told how much of how much is done."""


def result(text: str) -> None:
    """Write one line of a command's result."""
    typer.echo(text)


def note(text: str) -> None:
    """Tell the user something that is not the result."""
    typer.echo(text, err=True)


def complain(error: RunfolioError) -> None:
    """Write an error and its remedy as one line."""
    _error_line(f"{error.detail} {error.remedy or ''}")


def complain_of_usage(error: TyperException) -> None:
    """Write what is wrong with a command line as one line; nothing where its help was shown instead."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if message.strip():
        _error_line(f"{message} See '{context.command_path if context else 'runfolio'} --help'.")


def _error_line(text: str) -> None:
    typer.echo(typer.style("Error:", fg="red") + " " + " ".join(text.split()), err=True)


@contextmanager
def progress(title: str, *, in_bytes: bool = False) -> Iterator[Report]:
    """Show a bar as long as the block lasts, where standard error is a terminal; counts steps, or bytes."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with _bar(title, in_bytes=in_bytes) as report:
        yield report


@contextmanager
def _bar(title: str, *, in_bytes: bool) -> Iterator[Report]:
    # Loading Rich's bars takes as long as many a command.
    from rich import progress as bars  # noqa: PLC0415 # as said above
    from rich.console import Console  # noqa: PLC0415 # as said above

    counted = bars.DownloadColumn() if in_bytes else bars.MofNCompleteColumn()
    columns = (bars.SpinnerColumn(), bars.TextColumn("{task.description}"), bars.BarColumn(), counted)
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)
