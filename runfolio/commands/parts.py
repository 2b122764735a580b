"""``gateway``, ``worker`` and ``sweep``: the parts of a deployment. Their settings come from the environment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class WorkerSize(StrEnum):
    """Which archives a worker makes."""

    ALL = "all"
    SMALL = "small"
    LARGE = "large"


def gateway() -> None:
    """Run the gateway: takes events in, hands out links. Settings: RUNFOLIO_* in the environment."""
    from runfolio import parts  # noqa: PLC0415 # the other commands need not wait for broker and storage clients

    parts.run_gateway()


def worker(
    callbacks: Annotated[
        bool, typer.Option("--callbacks", help="Deliver callbacks instead of making archives.")
    ] = False,
    size: Annotated[
        WorkerSize,
        typer.Option(help="Make all archives, or those of small or of large executions alone."),
    ] = WorkerSize.ALL,
) -> None:
    """Run a worker: makes archives. Settings: RUNFOLIO_* in the environment."""
    from runfolio import parts  # noqa: PLC0415 # as above

    raise typer.Exit(parts.run_worker(size.value, callbacks=callbacks))


def sweep() -> None:
    """Run the sweeper: puts forgotten exports back, removes what expired. Settings: RUNFOLIO_* in the environment."""
    from runfolio import parts  # noqa: PLC0415 # as above

    parts.run_sweeper()
