"""``schema``: the JSON Schemas of what goes in and comes out."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from runfolio import terminal


def schema(
    name: Annotated[
        Literal["execution-record", "export", "export-options"], typer.Argument(help="Which schema to print.")
    ] = "execution-record",
) -> None:
    """Print a JSON Schema (2020-12): of the execution record, of an export, or of the export options."""
    from runfolio.schemas import schema_of  # noqa: PLC0415 # the other commands need not wait for the models

    terminal.result(schema_of(name))
