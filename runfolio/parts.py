"""The parts of a deployment as processes: gateway, worker, sweeper."""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import timedelta

from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.logs import configure
from producer.contract.settings import read_settings
from worker.app import Parts
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)

ALIVE = timedelta(seconds=10)


def run_gateway() -> None:
    """Run the gateway until it is told to stop."""
    from producer.asgi import serve  # noqa: PLC0415 # the other commands need not wait for the web framework to load

    serve()


def run_worker(size: str, *, callbacks: bool) -> int:
    """Run a worker until it is told to stop, and return its exit code; ``size`` is ``all``, ``small`` or ``large``."""
    from worker.celery import Duty, work  # noqa: PLC0415 # the other commands need not wait for Celery to load

    return work(Duty.CALLBACKS if callbacks else Duty[size.upper()])


def run_sweeper() -> None:
    """Run the sweeper until it is told to stop."""
    settings = read_settings(WorkerSettings)
    configure(settings.log_level)
    parts = Parts(settings)
    _ = parts.objects  # Wrong settings stop the start; what is only away for now is waited for below.
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        began = time.monotonic()
        _sweep_once(parts)
        stop.wait(max(0.1, settings.sweep_interval.total_seconds() - (time.monotonic() - began)))


def _sweep_once(parts: Parts) -> None:
    try:
        parts.objects.ensure_bucket()
        parts.board.heartbeats.beat("sweeper", parts.owner, ALIVE)
        parts.sweeper.round()
    except Unavailable as error:
        log.warning("sweep interrupted", extra={"reason": error.detail})
    except RunfolioError as error:
        log.error("sweep failed", extra={"reason": error.detail})  # noqa: TRY400 # the reason says it; a trace adds nothing
