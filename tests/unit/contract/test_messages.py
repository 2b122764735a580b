from __future__ import annotations

import json
from typing import Any

import pytest

from producer.contract.messages import write_message
from tests.unit.contract.celery_reads import delivered, written

ARGUMENTS = {"export_id": "ü", "count": 2**70, "nested": {"text": 'a "quoted"\nline', "none": None}}
HEADERS = {"enqueued_at": 123}
OF_ITS_OWN = {"id", "root_id", "origin", "correlation_id", "reply_to", "delivery_tag"}
"""What differs from message to message and from sender to sender."""


def ours() -> bytes:
    return write_message("runfolio.export", ARGUMENTS, "some-queue", HEADERS)


def flat(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return all that an envelope says, but for the body."""
    outside = {name: envelope[name] for name in ("content-type", "content-encoding")}
    said = {**outside, **envelope["headers"], **envelope["properties"]}
    return {name: value for name, value in said.items() if name not in OF_ITS_OWN}


def test_a_worker_reads_what_was_sent() -> None:
    message = delivered(ours())
    arguments, named, embedded = message.decode()
    assert (arguments, named) == ([], ARGUMENTS)
    assert set(embedded.values()) == {None}
    headers: dict[str, Any] = {**message.headers}
    assert (headers["task"], headers["enqueued_at"]) == ("runfolio.export", 123)


def test_it_says_the_same_as_celery_does() -> None:
    envelope = json.loads(ours())
    by_celery = written("runfolio.export", ARGUMENTS, "some-queue", HEADERS)
    assert set(envelope) == set(by_celery)
    # Celery repeats these two among the properties, where nobody reads them.
    repeated = {"argsrepr", "kwargsrepr"}
    assert set(envelope["headers"]) == set(by_celery["headers"])
    assert set(envelope["properties"]) == set(by_celery["properties"]) - repeated
    assert flat(envelope) == flat(json.loads(json.dumps(by_celery)))


def test_its_body_is_the_one_that_celery_writes() -> None:
    by_celery = delivered(json.dumps(written("runfolio.export", ARGUMENTS, "some-queue", HEADERS)).encode())
    assert delivered(ours()).decode() == by_celery.decode()


@pytest.mark.parametrize("name", ["id", "root_id"])
def test_every_message_has_a_name_of_its_own(name: str) -> None:
    first, second = (json.loads(ours()) for _ in range(2))
    assert first["headers"][name] != second["headers"][name]
    assert first["headers"][name] == first["properties"]["correlation_id"]
