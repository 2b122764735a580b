"""The worker's and the sweeper's settings: environment variables with the prefix ``RUNFOLIO_``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from producer.contract.errors import InvalidSetting
from producer.contract.settings import ByInstance, Duration, OptionalDuration, SharedSettings, Size
from producer.contract.sources import SOURCES


class WorkerSettings(SharedSettings):
    """What workers and the sweeper need beside the shared settings."""

    worker_processes: Annotated[
        int, Field(ge=0, description="Exports made at once by one worker; 0 is one a core.")
    ] = 0
    worker_large_processes: Annotated[
        int,
        Field(
            ge=0,
            description="The same for a worker that makes large ones alone (`--size large`); 0 is one for two cores.",
        ),
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
    source_airflow_token: Annotated[
        ByInstance, Field(description="Token, or `user:password`, for Airflow; see Sources.")
    ] = None
    source_github_token: Annotated[ByInstance, Field(description="Token for GitHub; see Sources.")] = None
    source_n8n_token: Annotated[ByInstance, Field(description="API key for n8n; see Sources.")] = None
    source_prefect_token: Annotated[
        ByInstance, Field(description="API key, or `user:password`, for Prefect; see Sources.")
    ] = None
    source_github_log_hosts: Annotated[
        str,
        Field(
            description="Hosts (comma-separated, `*` matches) that GitHub may lead to for the logs of jobs; without "
            "them, logs are not fetched."
        ),
    ] = ""
    source_timeout: Annotated[
        Duration, Field(description="How long all that is fetched of one execution may take at once.")
    ] = timedelta(minutes=5)
    source_max_bytes: Annotated[Size, Field(description="Most bytes that are fetched of one execution.")] = 64 * 2**20
    source_patience: Annotated[
        Duration,
        Field(description="How long an export waits for an engine that does not answer, before it counts as failed."),
    ] = timedelta(minutes=10)
    archive_ttl: Annotated[
        OptionalDuration, Field(description="How long an archive is kept after publication; `none` keeps it.")
    ] = timedelta(days=30)
    record_ttl: Annotated[
        OptionalDuration, Field(description="How long a record is kept after it was accepted; `none` keeps it.")
    ] = None
    audit_ttl: Annotated[
        OptionalDuration, Field(description="How long entries of the audit log are kept; `none` keeps them.")
    ] = None

    @property
    def source_tokens(self) -> Mapping[str, Mapping[str, str]]:
        """The credentials for engines that may be asked, by engine and instance.

        Raises InvalidSetting for one without an address, which no export should have to find.
        """
        tokens = {engine: getattr(self, f"source_{engine}_token") or {} for engine in SOURCES}
        for engine, by_instance in tokens.items():
            lost = next((one for one in by_instance if one not in self.source_urls[engine]), None)
            if lost is not None:
                name = f"RUNFOLIO_SOURCE_{engine.upper()}"
                instance = f" for the instance '{lost}'" if lost else ""
                raise InvalidSetting(f"{name}_TOKEN is set{instance}, and {name}_URL is not.")
        return tokens

    @property
    def github_log_hosts(self) -> tuple[str, ...]:
        """The hosts that logs of GitHub's jobs may be fetched from."""
        return tuple(host.strip() for host in self.source_github_log_hosts.split(",") if host.strip())
