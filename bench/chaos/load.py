"""Senders that behave as a good engine does: they send an event again until it is accepted."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import httpx

from bench.chaos.rig import DidNotHappen, Rig

STRUCTURED: Final = {"Content-Type": "application/cloudevents+json"}
NDJSON: Final = {
    "Content-Type": "application/x-ndjson",
    "ce-specversion": "1.0",
    "ce-type": "runfolio.execution.completed.v1",
    "ce-source": "/chaos",
    "ce-id": "1",
}
WORKFLOW: Final = "chaos"
_LONGEST_PAUSE: Final = 2.0
_GIVE_UP_AFTER: Final = 180.0
_TEXT: Final = "# Findings\n\nMostly *plain* text with `code`.\n\n| key | value |\n| --- | --- |\n| a | 1 |\n\n"


def record(number: int, steps: int = 8, size: int = 2_000) -> dict[str, Any]:
    """Make an execution of some steps, each of some bytes, that is unlike any of another number."""
    return {
        "workflow": {"id": WORKFLOW, "name": "chaos"},
        "execution": {"id": f"execution-{number}", "status": "succeeded", "started_at": "2026-01-01T00:00:00Z"},
        "steps": [
            {"name": f"step {step}", "status": "succeeded", "output": (_TEXT * (size // len(_TEXT) + 1))[:size]}
            for step in range(steps)
        ],
    }


def event(number: int, steps: int = 8, size: int = 2_000, **data: Any) -> bytes:
    """Make a structured CloudEvent."""
    attributes = {"specversion": "1.0", "type": NDJSON["ce-type"], "source": "/chaos", "id": f"event-{number}"}
    return json.dumps({**attributes, "data": {**record(number, steps, size), **data}}).encode()


def lines(number: int, steps: int, size: int, **data: Any) -> Iterator[bytes]:
    """Make the same as lines, for a binary event of any size."""
    whole = record(number, 0)
    yield json.dumps({"workflow": whole["workflow"], "execution": whole["execution"], **data}).encode() + b"\n"
    output = (_TEXT * (size // len(_TEXT) + 1))[:size]
    for step in range(steps):
        yield json.dumps({"name": f"step {step}", "status": "succeeded", "output": output}).encode() + b"\n"


class Refusal(NamedTuple):
    """An answer that accepted nothing, or a broken connection where ``status`` is 0."""

    at: float
    status: int
    seconds: float
    retry_after: str | None
    problem: str


class Load:
    """Sends events from several threads. ``accepted`` maps the number of an event to its exports' ids."""

    def __init__(self, rig: Rig, make: Callable[[int], bytes] = event, *, senders: int = 4, pause: float = 0.0) -> None:
        self.accepted: dict[int, list[str]] = {}
        self.refusals: list[Refusal] = []
        self.seconds: list[float] = []
        self.overdue: list[int] = []
        self._rig = rig
        self._make = make
        self._senders = senders
        self._pause = pause
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def export_ids(self) -> list[str]:
        """Every export that was accepted."""
        return [export for exports in self.accepted.values() for export in exports]

    @property
    def statuses(self) -> Mapping[int, int]:
        """How often each refusal came."""
        return Counter(one.status for one in self.refusals)

    def send(self, numbers: Sequence[int]) -> None:
        """Send events, and return when each was accepted or given up."""
        with self.sending(numbers):
            pass

    @contextmanager
    def sending(self, numbers: Sequence[int]) -> Iterator[None]:
        """Send events while the block goes on, and wait for the rest at its end."""
        waiting = iter(numbers)
        threads = [threading.Thread(target=self._work, args=(waiting,)) for _ in range(self._senders)]
        for thread in threads:
            thread.start()
        try:
            yield
        except BaseException:
            self._stop.set()
            raise
        finally:
            for thread in threads:
                thread.join()

    def _work(self, waiting: Iterator[int]) -> None:
        with self._rig.client(timeout=40) as client:
            while not self._stop.is_set():
                with self._lock:
                    number = next(waiting, None)
                if number is None:
                    return
                self._deliver(client, number)
                self._stop.wait(self._pause)

    def _deliver(self, client: httpx.Client, number: int) -> None:
        body = self._make(number)
        deadline = time.monotonic() + _GIVE_UP_AFTER
        while not self._stop.is_set():
            if time.monotonic() > deadline:
                self.overdue.append(number)
                return
            pause = self._try(client, number, body)
            if pause is None:
                return
            self._stop.wait(pause)

    def _try(self, client: httpx.Client, number: int, body: bytes) -> float | None:
        began = time.monotonic()
        try:
            answer = client.post("/v1/events", content=body, headers=STRUCTURED)
        except httpx.TransportError as error:
            took = time.monotonic() - began
            self.refusals.append(Refusal(time.time(), 0, took, None, f"{type(error).__name__}: {error}"))
            return 0.2
        took = time.monotonic() - began
        if answer.status_code == 202:
            self.seconds.append(took)
            self.accepted[number] = [one["id"] for one in answer.json()["exports"]]
            return None
        after = answer.headers.get("retry-after")
        self.refusals.append(Refusal(time.time(), answer.status_code, took, after, answer.text[:300]))
        return min(float(after or 1), _LONGEST_PAUSE)


def require_all(load: Load, count: int) -> None:
    """Raise DidNotHappen where not every event was accepted in the end."""
    if len(load.accepted) != count:
        raise DidNotHappen(f"{count - len(load.accepted)} of {count} events were not accepted: {load.statuses}.")
