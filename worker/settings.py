"""The worker's and the sweeper's settings: environment variables with the prefix ``RUNFOLIO_``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from producer.contract.settings import Duration, OptionalDuration, SharedSettings


class WorkerSettings(SharedSettings):
    """What workers and the sweeper need beside the shared settings."""

    worker_processes: Annotated[
        int, Field(ge=0, description="Exports made at once by one worker; 0 is one a core.")
    ] = 0
    callback_threads: Annotated[int, Field(gt=0, description="Callbacks delivered at once by one callback worker.")] = 8
    lease_ttl: Annotated[
        Duration, Field(description="How long a worker that fell silent keeps an export before another takes over.")
    ] = timedelta(seconds=10)
    sweep_interval: Annotated[Duration, Field(description="Pause between two rounds of the sweeper.")] = timedelta(
        seconds=2
    )
    max_attempts: Annotated[
        int, Field(gt=0, description="How often an export is put back before it counts as failed.")
    ] = 8
    archive_ttl: Annotated[
        OptionalDuration, Field(description="How long an archive is kept after publication; `none` keeps it.")
    ] = timedelta(days=30)
    record_ttl: Annotated[
        OptionalDuration, Field(description="How long a record is kept after it was accepted; `none` keeps it.")
    ] = None
