"""The worker's process entry: settings, factory, application."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready, worker_shutting_down

from producer.contract.errors import BrokerUnavailable
from producer.contract.logs import configure
from producer.contract.settings import read_settings
from producer.contract.tasks import CALLBACK_QUEUE, EXPORT_QUEUE, delivery_options
from worker.app import Parts
from worker.settings import WorkerSettings
from worker.tasks import register

_BEAT_EVERY: Final = 2.0
_ALIVE_FOR: Final = timedelta(seconds=10)


def make_worker(settings: WorkerSettings) -> Celery:
    """Return the Celery application of a worker; nothing is connected before a process was forked."""
    app = Celery("runfolio-worker", broker=settings.broker_url)
    app.conf.update(delivery_options())
    app.conf.update(
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    parts = Parts(settings)
    register(app, parts)
    worker_process_init.connect(lambda **_: _warm(parts), weak=False)
    return app


def _warm(parts: Parts) -> None:
    try:
        parts.warm()
    except BrokerUnavailable:
        return  # The broker may come later; the first task connects then.


def work(*, callbacks: bool) -> int:
    """Run a worker until it is told to stop, and return its exit code.

    It makes exports, in processes, or delivers ``callbacks``, in threads: a slow receiver never delays an export.
    """
    settings = read_settings(WorkerSettings)
    setup_logging.connect(lambda **_: configure(settings.log_level), weak=False)
    app = make_worker(settings)
    queue, pool, slots = (
        (CALLBACK_QUEUE, "threads", settings.callback_threads)
        if callbacks
        else (EXPORT_QUEUE, "prefork", settings.worker_processes or os.cpu_count() or 1)
    )
    _keep_beating(Parts(settings), "callbacks" if callbacks else "worker")
    worker: Any = app.Worker(
        queues=[queue],
        pool=pool,
        concurrency=slots,
        hostname=f"{queue}@{socket.gethostname()}",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _keep_beating(parts: Parts, kind: str) -> None:
    """Tell the board that this worker is alive, from when it takes tasks until it is told to stop."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.is_set():
            with suppress(BrokerUnavailable):  # Nobody could read it either.
                parts.board.heartbeats.beat(kind, parts.owner, _ALIVE_FOR)
            stop.wait(_BEAT_EVERY)

    worker_ready.connect(lambda **_: threading.Thread(target=beat, daemon=True).start(), weak=False)
    worker_shutting_down.connect(lambda **_: stop.set(), weak=False)
