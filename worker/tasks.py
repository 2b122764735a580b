"""The tasks: each rebuilds a typed value and makes one call."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery

from producer.contract.errors import RunfolioError
from producer.contract.tasks import CALLBACK_TASK, EXPORT_TASK, decode_message
from worker.app import Parts

log = logging.getLogger(__name__)


def register(app: Celery, parts: Parts) -> None:
    """Add the tasks to a Celery application. The parts connect when they are first used, after the fork."""

    @app.task(name=EXPORT_TASK, shared=False, ignore_result=True)
    def export(**arguments: Any) -> None:
        message = decode_message(arguments)
        identity = message.pending.id
        try:
            parts.pipeline.run(message)
        except RunfolioError as error:
            # The lease runs out and the sweeper puts the export back; nothing else may depend on this process.
            log.warning("export interrupted", extra={"export": identity, "reason": error.detail})

    @app.task(name=CALLBACK_TASK, shared=False, ignore_result=True)
    def callback(export_id: str, name: str) -> None:
        try:
            if parts.callbacks is not None:
                parts.callbacks.process(export_id, name)
        except RunfolioError as error:
            log.warning("callback interrupted", extra={"export": export_id, "reason": error.detail})
