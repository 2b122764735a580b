"""The engines that may be asked: where they are, how they are asked, and what for."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, Protocol

import httpx

from producer.contract.errors import SourceFailed, SourceUnavailable
from worker.sources import airflow, github, n8n, prefect
from worker.sources.client import Client, Limits, Pace
from worker.sources.http import Line, place_of


class Source(Protocol):
    """One engine's API. Each method raises what the client raises."""

    def sign_in(self, client: Client, token: str) -> None:
        """Let the client send its credentials from now on."""
        ...

    def head(self, client: Client, ids: Mapping[str, str]) -> dict[str, Any]:
        """Fetch as much as tells which execution this is and how it stands, as a payload for the adapter."""
        ...

    def rest(self, client: Client, ids: Mapping[str, str], head: dict[str, Any]) -> dict[str, Any]:
        """Fetch all else, and return the whole payload."""
        ...

    def kept(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return what of the event is to stand beside what was fetched."""
        ...


class Installation(NamedTuple):
    """One engine that may be asked: its address, and the credentials for it, if it needs any."""

    url: str
    token: str | None


@cache
def _trust() -> ssl.SSLContext:
    """Read the authorities, which takes a while, when the first engine is asked."""
    return httpx.create_ssl_context()


@dataclass(frozen=True)
class Engines:
    """All of them, by engine and instance (``""`` without one)."""

    urls: Mapping[str, Mapping[str, str]]
    tokens: Mapping[str, Mapping[str, str]] = field(repr=False)
    log_hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    pace: Pace | None = None
    tls: Callable[[], ssl.SSLContext] = _trust
    _resting: dict[tuple[str, str], tuple[float, SourceUnavailable]] = field(default_factory=dict, repr=False)

    def source(self, engine: str) -> Source:
        """Return how an engine is asked."""
        sources: dict[str, Source] = {
            "airflow": airflow.Airflow(),
            "github": github.GitHub(self.log_hosts, self.tls),
            "n8n": n8n.N8n(),
            "prefect": prefect.Prefect(),
        }
        return sources[engine]

    @contextmanager
    def client(self, engine: str, instance: str | None, check: Callable[[], None]) -> Iterator[Client]:
        """Give a client for one execution. Raises SourceFailed where the engine is not configured here.

        One that did not work a moment ago is not asked: SourceUnavailable is raised with the same reason.
        """
        key = engine, instance or ""
        url = self.urls.get(engine, {}).get(key[1])
        place = place_of(url) if url else None
        if place is None:
            raise _unconfigured(engine, instance)
        clock = (self.pace or Pace()).clock
        until, reason = self._resting.get(key, (0.0, None))
        if reason is not None and clock() < until:
            raise SourceUnavailable(reason.detail, remedy=reason.remedy)
        with Line(place, self.tls()) as line:
            client = Client(engine, line, self.limits, check, self.pace)
            try:
                self.source(engine).sign_in(client, self.tokens.get(engine, {}).get(key[1], ""))
                yield client
            except SourceUnavailable as error:
                self._resting[key] = clock() + self.limits.rest, error
                raise


def _unconfigured(engine: str, instance: str | None) -> SourceFailed:
    setting = f"RUNFOLIO_SOURCE_{engine.upper()}_URL"
    where = f"{engine}, instance '{instance}'," if instance else engine
    return SourceFailed(
        f"The worker does not know where {where} is asked for what the event left out.",
        field=setting,
        remedy=f"Set {setting} at the workers as at the gateway, then run 'runfolio retry', or export again.",
    )
