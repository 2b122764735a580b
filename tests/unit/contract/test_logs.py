from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from producer.contract.logs import JsonLines, configure


def line(message: str = "export settled", error: BaseException | None = None, **extra: Any) -> dict[str, Any]:
    trace = (type(error), error, error.__traceback__) if error else None
    record = logging.getLogger("producer.x").makeRecord(
        "producer.x", logging.INFO, "f", 1, message, (), trace, "f", extra
    )
    record.created = 1744210796.5
    text = JsonLines().format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_line_is_an_event_with_fields() -> None:
    assert line(export="ab", count=3) == {
        "time": "2025-04-09T14:59:56.500+00:00",
        "level": "INFO",
        "logger": "producer.x",
        "event": "export settled",
        "export": "ab",
        "count": 3,
    }


def test_what_json_does_not_know_is_written_as_text() -> None:
    assert line(at=datetime(2025, 4, 9, tzinfo=UTC), what={1, 2}.__class__)["what"] == "<class 'set'>"


def test_a_line_end_in_a_field_does_not_end_the_line() -> None:
    assert line(path="/a\nb")["path"] == "/a\nb"


def test_half_a_character_is_no_reason_to_lose_the_line() -> None:
    assert line(path="/\ud83d", kind=object)["path"] == "/\ud83d"


def test_an_error_comes_with_its_trace() -> None:
    with pytest.raises(ValueError, match="broken") as raised:
        int("broken")
    text = line(error=raised.value)["error"]
    assert text.startswith("Traceback")
    assert "ValueError" in text


@pytest.fixture
def _root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_root")
def test_everything_goes_to_standard_error_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    configure("INFO")
    configure("INFO")
    logging.getLogger("producer.y").info("hello", extra={"n": 1})
    logging.getLogger("producer.y").debug("not this")
    logging.getLogger("botocore").info("nor this")
    (text,) = capsys.readouterr().err.splitlines()
    assert json.loads(text)["event"] == "hello"
