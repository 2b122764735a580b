"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

if TYPE_CHECKING:
    from runfolio.inputs import Engine

_EXTRAS: Final = ("manifest", "reader")


def comma_separated(values: list[str]) -> list[str]:
    """Split ``a,b`` and drop blanks, so that an option may be given once or several times."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _extras(values: list[str]) -> list[str]:
    parts = comma_separated(values)
    for part in parts:
        if part not in _EXTRAS:
            raise typer.BadParameter(f"'{part}' is not one of {', '.join(_EXTRAS)}.")
    return parts


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Data folder of the stack that 'runfolio up' runs (default: .runfolio).", show_default=False
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Address of the gateway. Default: RUNFOLIO_URL, else the stack's.", show_default=False),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="Token for the gateway. Default: RUNFOLIO_TOKEN, else the stack's admin token.",
        show_default=False,
    ),
]
EngineName = Annotated[
    str | None,
    typer.Option("--engine", help="The file is this engine's own payload: its name, or 'auto'.", show_default=False),
]
Instance = Annotated[
    str | None,
    typer.Option("--instance", help="Which installation of the engine it comes from.", show_default=False),
]
Format = Annotated[
    Literal["markdown", "html"] | None,
    typer.Option("--format", help="What the files are written in (default: markdown).", show_default=False),
]
Combine = Annotated[
    bool | None,
    typer.Option("--combine/--no-combine", help="One file for the whole execution.", show_default=False),
]
Include = Annotated[
    list[str],
    typer.Option(
        "--include", help="What the archive holds besides: manifest, reader.", callback=_extras, show_default=False
    ),
]
Steps = Annotated[
    Literal["all", "failed"] | None,
    typer.Option("--steps", help="Which steps the archive holds (default: all).", show_default=False),
]
Timeout = Annotated[float, typer.Option("--timeout", min=0, help="How many seconds to wait for an archive at most.")]


def choices(fmt: str | None, combine: bool | None, include: list[str], steps: str | None) -> dict[str, Any]:
    """Gather the export options that were given; none of them means: as the record asks for, else the defaults."""
    given = {"format": fmt, "combine": combine, "include": include or None, "steps": steps}
    return {name: value for name, value in given.items() if value is not None}


def engine_of(name: str | None, instance: str | None) -> Engine | None:
    """Put the options for an engine together. Raises typer.BadParameter for an instance of no engine."""
    if name is None and instance is not None:
        raise typer.BadParameter("--instance needs --engine.")
    from runfolio.inputs import Engine  # noqa: PLC0415 # only commands that read a file wait for what reads it

    return None if name is None else Engine(name, instance)
