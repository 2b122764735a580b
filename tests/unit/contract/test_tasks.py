from __future__ import annotations

import json

import msgspec
import pytest

from producer.contract.tasks import ExportMessage, decode_message
from tests.messages import encode_message
from tests.unit.contract.test_outbox import pending
from worker.celery import delivery_options


@pytest.mark.parametrize("record", [None, '{"digest": "ü"}'])
def test_a_message_survives_plain_json(record: str | None) -> None:
    message = ExportMessage(pending(3), record)
    assert decode_message(json.loads(json.dumps(encode_message(message)))) == message


def test_a_message_of_another_kind_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_message({"pending": {"id": "x"}})


def test_messages_are_json_and_never_anything_else() -> None:
    options = delivery_options()
    assert (options["task_serializer"], options["accept_content"]) == ("json", ["json"])
