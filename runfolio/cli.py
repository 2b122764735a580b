"""The command ``runfolio``: its commands, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from typer.exceptions import TyperException

from producer.contract.errors import RunfolioError
from runfolio import terminal
from runfolio.commands import exports, parts, tokens
from runfolio.commands.doctor import doctor
from runfolio.commands.login import login
from runfolio.commands.schema import schema
from runfolio.commands.up import up

_SETTINGS: Final = {"help_option_names": ["-h", "--help"]}
_USE: Final = "Use"
_OPERATE: Final = "Operate"
_DEPLOY: Final = "Deploy"

app = typer.Typer(
    name="runfolio",
    help="Turn completed workflow executions into downloadable archives of Markdown or HTML documents.",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=_SETTINGS,
)
app.command(rich_help_panel=_USE)(up)
app.command(rich_help_panel=_USE)(exports.send)
app.command(rich_help_panel=_USE)(exports.export)
app.command(rich_help_panel=_USE)(login)
app.command(rich_help_panel=_OPERATE)(exports.retry)
app.command(rich_help_panel=_OPERATE)(doctor)
app.command(rich_help_panel=_OPERATE)(schema)
app.add_typer(tokens.app, name="token", rich_help_panel=_OPERATE, context_settings=_SETTINGS)
app.command(rich_help_panel=_DEPLOY)(parts.gateway)
app.command(rich_help_panel=_DEPLOY)(parts.worker)
app.command(rich_help_panel=_DEPLOY)(parts.sweep)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 # needed by this option only

        terminal.result(f"runfolio {version('runfolio')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Hold the options of the command itself."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code: 0, 1 on failure, 2 on wrong usage, 130 after Ctrl-C."""
    try:
        code = app(args=list(arguments), prog_name="runfolio", standalone_mode=False)
    except RunfolioError as error:
        terminal.complain(error)
        return 1
    except TyperException as error:
        terminal.complain_of_usage(error)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not stumble over the pipe again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def main() -> None:
    """Be the command, and end the process."""
    sys.exit(run(sys.argv[1:]))
