from __future__ import annotations

import json
import socket
from typing import Any, cast

import pytest
from celery import Celery

from producer.contract.errors import BrokerUnavailable
from producer.contract.queue import Queue, make_celery
from producer.contract.tasks import ENQUEUED_AT, decode_message
from tests.unit.contract.test_outbox import EXPORT, pending


class Sent:
    """Stands in for a Celery application and keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send_task(self, name: str, **options: Any) -> None:
        self.sent.append((name, options))

    def queue(self) -> Queue:
        return Queue(cast("Celery", self))


def test_an_export_is_sent_by_name_as_plain_json() -> None:
    app = Sent()
    app.queue().export(pending(), 123, '{"digest":"x"}')
    ((name, options),) = app.sent
    assert (name, options["queue"], options["headers"]) == ("runfolio.export", "runfolio-exports", {ENQUEUED_AT: 123})
    message = decode_message(json.loads(json.dumps(options["kwargs"])))
    assert (message.pending, message.record) == (pending(), '{"digest":"x"}')


def test_a_callback_is_sent_to_its_own_queue() -> None:
    app = Sent()
    app.queue().callback(EXPORT, "0-ab.json")
    ((name, options),) = app.sent
    assert (name, options["queue"]) == ("runfolio.callback", "runfolio-callbacks")
    assert options["kwargs"] == {"export_id": EXPORT, "name": "0-ab.json"}


def test_a_broker_that_is_not_there_is_an_error_of_ours() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    queue = Queue(make_celery(f"redis://127.0.0.1:{port}/0"))
    with pytest.raises(BrokerUnavailable, match="does not take tasks"):
        queue.callback(EXPORT, "x")


def test_making_the_application_connects_to_nothing() -> None:
    app = make_celery("redis://192.0.2.1:1/0")
    assert app.conf.task_serializer == "json"
    assert app.conf.accept_content == ["json"]
