from __future__ import annotations

from typing import Any

import pytest

from producer.engines.cursor import Cursor
from producer.engines.prefect_logs import line
from producer.engines.prefect_outputs import result, shown
from producer.engines.prefect_states import Attempt, attempts
from producer.engines.prefect_tasks import task_name

KEEPS_NOTHING = "Prefect kept no result of this run."


def history(*states: tuple[str, str]) -> list[Cursor]:
    return [
        Cursor({"type": kind, "name": name, "timestamp": f"2026-11-23T10:00:0{second}Z"})
        for second, (kind, name) in enumerate(states)
    ]


def at(second: int) -> str:
    return f"2026-11-23T10:00:0{second}Z"


def test_attempts_of_retries() -> None:
    waited = history(
        ("RUNNING", "Running"), ("SCHEDULED", "AwaitingRetry"), ("RUNNING", "Retrying"), ("FAILED", "Failed")
    )
    assert attempts(waited) == [Attempt(at(0), at(1), retried=True), Attempt(at(2), at(3), retried=False)]
    at_once = history(("RUNNING", "Running"), ("RUNNING", "Retrying"), ("COMPLETED", "Completed"))
    assert attempts(at_once) == [Attempt(at(0), at(1), retried=True), Attempt(at(1), at(2), retried=False)]
    assert attempts(reversed(at_once)) == attempts(at_once)


def test_a_pause_is_no_end_of_an_attempt() -> None:
    paused = history(("RUNNING", "Running"), ("PAUSED", "Paused"), ("RUNNING", "Running"), ("COMPLETED", "Completed"))
    assert attempts(paused) == [Attempt(at(0), at(3), retried=False)]


def test_what_never_ran_has_no_attempts() -> None:
    assert attempts(history(("PENDING", "Pending"), ("PENDING", "NotReady"))) == []
    assert attempts(history(("RUNNING", "Running"))) == [Attempt(at(0), None, retried=False)]


@pytest.mark.parametrize(
    ("name", "key", "dynamic", "expected"),
    [
        ("fetch-page-7a9", "fetch_page-553d4d93", "7a9a3134-35c5-4e24-ac82-66670a47ffc3", "fetch-page"),
        ("child-flow-0", "child-96e0f495", "0", "child-flow"),
        ("load 12-11", "load-96e0f495", "11", "load 12"),
        ("Import page 5", "import_page-553d4d93", "7a9a3134-35c5-4e24-ac82-66670a47ffc3", "import_page"),
        ("mail", "mail-553d4d93", "mail-553d4d93-0011", "mail"),
        ("anything", None, None, "anything"),
        (None, "f-553d4d93", "0", "f"),
    ],
)
def test_names_of_tasks(name: str | None, key: str | None, dynamic: str | None, expected: str) -> None:
    assert task_name(Cursor({"name": name, "task_key": key, "dynamic_key": dynamic})) == expected


@pytest.mark.parametrize(
    ("data", "value", "note"),
    [
        (None, None, KEEPS_NOTHING),
        ({"type": "unpersisted"}, None, KEEPS_NOTHING),
        ({"type": "literal", "value": 5}, 5, None),
        ({"result": [1], "metadata": {"storage_key": "k"}}, [1], None),
        (
            {"storage_key": "k", "serializer": {"type": "json"}},
            None,
            "The result lies in Prefect's storage at k (json).",
        ),
        ({"rows": 3}, {"rows": 3}, None),
        ("text", "text", None),
    ],
)
def test_results(data: Any, value: Any, note: str | None) -> None:
    assert result(Cursor(data)) == (value, note)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('[{"a": 1, "b": "x|y"}, {"b": "l\\nm"}]', "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n|  | l<br>m |"),
        ({"a": [1, 2], "b": [3]}, "| a | b |\n| --- | --- |\n| 1 | 3 |\n| 2 |  |"),
        ([[1, 2], [3]], "| column 1 | column 2 |\n| --- | --- |\n| 1 | 2 |\n| 3 |  |"),
        ("no table", "~~~~~json\nno table\n~~~~~"),
        ([1, "a"], '~~~~~json\n[1,"a"]\n~~~~~'),
    ],
)
def test_tables(data: Any, expected: str) -> None:
    output, _ = shown([Cursor({"key": "t", "type": "table", "data": data})], None)
    assert output == f"## t\n\n{expected}"


def test_artifacts_come_before_a_result() -> None:
    report = Cursor({"key": "r", "type": "markdown", "data": "# Hello"})
    assert shown([report], 5) == ("# Hello", 5)
    assert shown([], 5) == (5, None)
    progress = Cursor({"key": "p", "type": "progress", "data": 80.0})
    picture = Cursor({"key": "i", "type": "image", "data": "https://x.test/a.png", "description": "A graph"})
    output, _ = shown([progress, picture], None)
    assert output == "## p\n\n80.0 %\n\n## i\n\nA graph\n\n![A graph](https://x.test/a.png)"


def test_lines_of_logs() -> None:
    entry = {"timestamp": "2026-11-23T10:00:00Z", "level": 40, "name": "prefect.task_runs", "message": "no"}
    assert line(Cursor(entry)) == "2026-11-23T10:00:00Z ERROR prefect.task_runs: no"
    assert line(Cursor({"level": 25, "message": "x"})) == "25: x"
    assert line(Cursor({"message": "x"})) == "x"
