from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from celery import Celery

from producer.contract.errors import BrokerUnavailable, RunfolioError
from producer.contract.tasks import CALLBACK_TASK, EXPORT_TASK, ExportMessage
from tests.messages import encode_message
from tests.unit.contract.test_outbox import EXPORT, pending
from worker.app import Parts
from worker.tasks import register


class Calls:
    """Parts that note what they are asked to do, and fail where they are told to."""

    def __init__(self, error: Exception | None = None, *, callbacks: bool = True) -> None:
        self.made: list[Any] = []
        self._error = error
        self.pipeline = SimpleNamespace(run=self._call)
        self.callbacks = SimpleNamespace(process=self._call) if callbacks else None

    def _call(self, *arguments: Any) -> None:
        self.made.append(arguments)
        if self._error is not None:
            raise self._error

    def app(self) -> Celery:
        app = Celery("test", set_as_current=False)
        register(app, cast("Parts", self))
        return app


def test_a_message_becomes_one_call() -> None:
    calls = Calls()
    app = calls.app()
    message = ExportMessage(pending(2), '{"digest": "x"}')
    app.tasks[EXPORT_TASK](**encode_message(message))
    app.tasks[CALLBACK_TASK](export_id=EXPORT, name="0-ab.json")
    assert calls.made == [(message,), (EXPORT, "0-ab.json")]


@pytest.mark.parametrize("error", [BrokerUnavailable("x"), RunfolioError("x")])
def test_what_goes_wrong_is_left_to_the_sweeper(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    app = Calls(error).app()
    app.tasks[EXPORT_TASK](**encode_message(ExportMessage(pending())))
    app.tasks[CALLBACK_TASK](export_id=EXPORT, name="x")
    assert [record.getMessage() for record in caplog.records] == ["export interrupted", "callback interrupted"]


def test_without_a_secret_no_callback_is_made() -> None:
    calls = Calls(callbacks=False)
    calls.app().tasks[CALLBACK_TASK](export_id=EXPORT, name="x")
    assert calls.made == []


def test_no_results_are_kept() -> None:
    tasks = Calls().app().tasks
    assert tasks[EXPORT_TASK].ignore_result
    assert tasks[CALLBACK_TASK].ignore_result
