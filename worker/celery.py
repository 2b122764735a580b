"""The worker's process entry: settings, factory, application."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from celery import Celery
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)
from kombu import Exchange, Queue

from producer.contract.errors import BrokerUnavailable, Unavailable
from producer.contract.logs import configure
from producer.contract.settings import read_settings
from producer.contract.tasks import CALLBACK_QUEUE, EXPORT_QUEUES, LARGE_QUEUES, SMALL_QUEUES
from worker.app import Parts
from worker.settings import WorkerSettings
from worker.tasks import register

_BEAT_EVERY: Final = 2.0
_ALIVE_FOR: Final = timedelta(seconds=10)
_GIVES_WAY: Final = 5
"""Niceness of the processes that make exports: on a machine of its own, a gateway that accepts events comes first."""

_GIVES_WAY_TO_ALL: Final = 19
"""Niceness of those that make large ones. The scheduler's idle class would give way even more, and let them miss the
renewal of their leases on a machine that is busy for long.
"""


class Duty(StrEnum):
    """What a worker does. Names are also those by which it shows that it is alive."""

    ALL = "worker"
    SMALL = "small-worker"
    LARGE = "large-worker"
    CALLBACKS = "callbacks"


class _Shape(NamedTuple):
    queues: Sequence[str]
    slots: int
    pool: str = "prefork"


def _shape(duty: Duty, settings: WorkerSettings) -> _Shape:
    cores = os.cpu_count() or 1
    if duty is Duty.CALLBACKS:
        return _Shape([CALLBACK_QUEUE], settings.callback_threads, "threads")
    if duty is Duty.LARGE:
        return _Shape(LARGE_QUEUES, settings.worker_large_processes or max(1, cores // 2))
    queues = SMALL_QUEUES if duty is Duty.SMALL else EXPORT_QUEUES
    return _Shape(queues, settings.worker_processes or cores)


def delivery_options() -> dict[str, Any]:
    """Celery settings of whoever takes tasks.

    Ownership of an export is the board's lease, not its message. Redis' visibility time-out matters only for callbacks
    whose messages a killed worker had fetched and not begun.
    """
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "worker_send_task_events": False,
        "broker_transport_options": {
            "visibility_timeout": 30,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
        },
        "broker_connection_retry_on_startup": True,
    }


def make_worker(settings: WorkerSettings, duty: Duty = Duty.ALL) -> Celery:
    """Return the Celery application of a worker; nothing is connected before a process was forked."""
    app = Celery("runfolio-worker", broker=settings.broker_url)
    app.conf.update(delivery_options())
    app.conf.update(
        # A fetched message is not kept until it is acknowledged: that would take two more rounds to the broker for each
        # export, and what is lost with a worker that had not begun it, the sweeper finds by its mark.
        task_queues=[Queue(name, Exchange(name), name, no_ack=True) for name in EXPORT_QUEUES],
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    parts = Parts(settings)
    register(app, parts)
    worker_process_init.connect(lambda **_: _begin(parts, duty), weak=False)
    worker_process_shutdown.connect(lambda **_: parts.close(), weak=False)
    return app


def _begin(parts: Parts, duty: Duty) -> None:
    os.nice(_GIVES_WAY_TO_ALL if duty is Duty.LARGE else _GIVES_WAY)
    try:
        parts.warm()
    except Unavailable:
        return  # What is away may come later; the first task connects then.


def work(duty: Duty) -> int:
    """Run a worker until it is told to stop, and return its exit code.

    It makes exports, in processes, or delivers callbacks, in threads: a slow receiver never delays an export.
    """
    settings = read_settings(WorkerSettings)
    setup_logging.connect(lambda **_: configure(settings.log_level), weak=False)
    app = make_worker(settings, duty)
    shape = _shape(duty, settings)
    parts = Parts(settings)
    _keep_beating(parts, duty)
    if duty is Duty.CALLBACKS:
        # Threads deliver, in this process; the first callback need not wait for the HTTP client to load.
        worker_ready.connect(lambda **_: parts.callbacks, weak=False)
    worker: Any = app.Worker(
        queues=list(shape.queues),
        pool=shape.pool,
        concurrency=shape.slots,
        hostname=f"{duty}@{socket.gethostname()}",
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
