"""The parts of a deployment as processes: gateway, worker, sweeper."""

from __future__ import annotations

import gc
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from producer.contract.errors import RunfolioError, Unavailable
from producer.contract.logs import configure
from producer.contract.settings import read_settings

if TYPE_CHECKING:
    from worker.app import Parts

log = logging.getLogger(__name__)

ALIVE = timedelta(seconds=10)


@contextmanager
def _loading() -> Iterator[None]:
    """Load modules without looking for garbage, and never look through them later: what they make stays.

    Processes that are forked afterwards share those pages, since nothing writes to them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run_gateway() -> None:
    """Run the gateway until it is told to stop."""
    with _loading():
        from producer.asgi import serve  # noqa: PLC0415 # the other parts need not wait for the web framework
    serve()


def run_worker(size: str, *, callbacks: bool) -> int:
    """Run a worker until it is told to stop, and return its exit code; ``size`` is ``all``, ``small`` or ``large``."""
    with _loading():
        from worker.celery import Duty, work  # noqa: PLC0415 # the other parts need not wait for Celery
    return work(Duty.CALLBACKS if callbacks else Duty[size.upper()])


def run_sweeper() -> None:
    """Run the sweeper until it is told to stop."""
    with _loading():
        from worker.app import Parts  # noqa: PLC0415 # the gateway need not wait for what workers alone load
        from worker.settings import WorkerSettings  # noqa: PLC0415 # as above
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
