"""Metrics of one gateway process, in the names and units that Prometheus asks for.

Every label takes its values from a short list that is known beforehand: what a client sends never becomes a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from producer.contract.errors import RunfolioError
from producer.contract.export import Export, State
from producer.contract.problem import NAMESPACE, Problem, problem_of

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters and times, in a registry of their own. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
            registry.register(collector)
        self._requests = Histogram(
            "runfolio_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last, by the route's template.",
            ("method", "route", "status"),
            registry=registry,
            buckets=_SECONDS,
        )
        self._received = Counter(
            "runfolio_http_received_bytes", "Bytes of request bodies, as they came over the wire.", registry=registry
        )
        self._events = Counter(
            "runfolio_events",
            "Events by how they came and what became of them: accepted, or the name of the problem.",
            ("via", "outcome"),
            registry=registry,
        )
        self._exports = Counter(
            "runfolio_exports_requested",
            "Exports asked for, by whom and in which format; the same one may be asked for many times.",
            ("by", "format"),
            registry=registry,
        )

        self._audit_lost = Counter(
            "runfolio_audit_entries_lost",
            "Audit entries that were dropped because storage did not take them for too long.",
            registry=registry,
        )
        self._standing = Gauge(
            "runfolio_exports",
            "Exports of the whole installation by their state; failed ones wait for runfolio retry.",
            ("status",),
            registry=registry,
        )
        self._queued = Gauge(
            "runfolio_queue_messages", "Tasks that no worker has taken yet.", ("queue",), registry=registry
        )
        self._age = Gauge(
            "runfolio_queue_age_seconds",
            "How long the oldest of them waits; more workers are needed where it grows, however long the queue is.",
            ("queue",),
            registry=registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note an answered request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def received(self, size: int) -> None:
        """Note bytes of a body."""
        self._received.inc(size)

    def accepted(self, via: str, exports: Iterable[Export]) -> None:
        """Note an event that was accepted, and the exports that it asked for."""
        self._events.labels(via, "accepted").inc()
        for export in exports:
            self.requested("event", export)

    def refused(self, via: str, error: RunfolioError) -> None:
        """Note an event that was refused."""
        self._events.labels(via, problem_name(problem_of(error))).inc()

    def requested(self, by: str, export: Export) -> None:
        """Note that an export was asked for: ``by`` an event or a request."""
        self._exports.labels(by, export.options.format.value).inc()

    def audit_lost(self, count: int) -> None:
        """Note entries of the audit log that will never be written."""
        self._audit_lost.inc(count)

    def standing(self, exports: Mapping[State, int], queues: Mapping[str, int], ages: Mapping[str, float]) -> None:
        """Note how many exports are in each state, and of each queue how long it is and how old, in seconds."""
        for status, count in exports.items():
            self._standing.labels(status).set(count)
        for queue, length in queues.items():
            self._queued.labels(queue).set(length)
        for queue, age in ages.items():
            self._age.labels(queue).set(age)

    def unknown_standing(self) -> None:
        """Show nothing where nothing is known, rather than what was true once."""
        self._standing.clear()
        self._queued.clear()
        self._age.clear()

    def exposition(self) -> bytes:
        """Write all of them in Prometheus' text format."""
        return generate_latest(self._registry)


def problem_name(problem: Problem) -> str:
    """Return the last part of a problem's type."""
    return problem.type.removeprefix(NAMESPACE)
