from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from producer.engines.airflow_logs import read_log
from producer.engines.cursor import Cursor
from tests.unit.producer.engines.airflow_payloads import collected, step_of
from tests.unit.producer.engines.payloads import FIXTURES, load

FAILED = collected("failed")


@pytest.fixture
def payload() -> Any:
    return deepcopy(FAILED)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("run_failed_load_2_attempt2_rawfile.log", "ValueError: cannot parse page 2: naïve"),
        ("run_log_ndjson_example.txt", "ConnectionError: HTTP 503 from upstream"),
    ],
)
def test_logs_that_are_lines_of_json(file: str, message: str) -> None:
    log = read_log(Cursor((FIXTURES / "airflow" / file).read_text(encoding="utf-8")))
    assert log.error is not None
    assert log.error.splitlines()[0] == message
    assert log.text is not None
    assert "ERROR task: Task failed with exception" in log.text
    assert log.note is None


def test_a_log_as_a_list_and_as_an_answer_read_alike() -> None:
    answer = FAILED["logs"]["load[2]#2"]
    assert read_log(Cursor(answer)) == read_log(Cursor(answer["content"]))


def test_a_log_of_plain_text() -> None:
    text = (
        "[2026-11-23T16:50:41] {task.py:1} ERROR - Task failed with exception\n"
        'Traceback (most recent call last):\n  File "x.py", line 1, in f\nValueError: no\n'
        "[2026-11-23T16:50:42] {task.py:2} INFO - Marking task as FAILED"
    )
    for log in (text, {"content": text}, {"content": [["worker-1", text]]}):
        assert (read_log(Cursor(log)).error or "").endswith("in f\nValueError: no")
        assert text in (read_log(Cursor(log)).text or "")


def test_without_an_exception_the_error_is_what_was_logged_as_one() -> None:
    entries = [{"event": "fine", "level": "info"}, {"event": "Killed by signal 9", "level": "error"}]
    assert read_log(Cursor(entries)).error == "Killed by signal 9"
    assert read_log(Cursor(entries[:1])).error is None


def test_causes_come_first_as_python_writes_them() -> None:
    stacks: list[dict[str, Any]] = [
        {"exc_type": "RuntimeError", "exc_value": "outer", "frames": [{"filename": "a.py", "lineno": 1, "name": "f"}]},
        {"exc_type": "KeyError", "exc_value": "inner", "is_cause": True, "exc_notes": ["a hint"]},
    ]
    error = read_log(Cursor([{"event": "x", "level": "error", "error_detail": stacks}])).error or ""
    assert error.startswith("RuntimeError: outer\n\nTraceback")
    assert error.index("KeyError: inner\na hint") < error.index("direct cause") < error.index('File "a.py", line 1')
    stacks[1]["is_cause"] = False
    assert "During handling" in (read_log(Cursor([{"error_detail": stacks}])).error or "")


def test_groups_of_exceptions_show_their_members() -> None:
    member = [{"exc_type": "ValueError", "exc_value": "one"}]
    group = [{"exc_type": "ExceptionGroup", "exc_value": "two", "is_group": True, "exceptions": [member, member]}]
    error = read_log(Cursor([{"error_detail": group}])).error or ""
    assert "Exception 2 of the group:\nTraceback (most recent call last):\nValueError: one" in error


def test_a_log_that_goes_on_or_could_not_be_had_says_so() -> None:
    part = {"content": [{"event": "a"}], "continuation_token": "x.y"}
    assert "only the beginning" in (read_log(Cursor(part)).note or "")
    refused = read_log(Cursor({"__http_error__": 403, "body": '{"detail":"Forbidden"}'}))
    assert refused.note == 'The log could not be had: 403 {"detail":"Forbidden"}'


def test_xcoms_as_lists(payload: Any) -> None:
    payload["xcom"]["left[-1]"] = [payload["xcom"]["left[-1]"], {"key": "report_url", "value": "https://r.test"}]
    step = step_of(payload, "left")
    assert (step["output"], step["xcom"]) == (1, {"report_url": "https://r.test"})
    payload["xcom"] = {"xcom_entries": [entry for entry in FAILED["xcom"].values() if "value" in entry]}
    assert step_of(payload, "load", 2)["output"] == {"page": 1, "rows": [10, 11, 12]}


def test_xcoms_by_key(payload: Any) -> None:
    payload["xcom"]["left[-1]"] = {"return_value": {"value": 5}, "other": {"value": "x"}}
    step = step_of(payload, "left")
    assert (step["output"], step["xcom"]) == (5, {"other": "x"})


def test_xcoms_listed_without_their_values(payload: Any) -> None:
    payload["xcom"] = load("airflow/run_failed_xcomEntries_all.json")
    step = step_of(payload, "left")
    assert "output" not in step
    assert step["notes"] == ["The event did not hold the values of these XComs: return_value."]


def test_xcoms_that_were_refused(payload: Any) -> None:
    payload["xcom"]["left[-1]"] = {"__http_error__": 500, "body": "oops"}
    assert step_of(payload, "left")["notes"] == ["What this task returned could not be had: 500 oops"]
    payload["xcom"]["left[-1]"] = {"detail": "XCom entry with key: `return_value` not found"}
    assert step_of(payload, "left")["notes"] == ["This task returned no value."]


def test_tries_as_bare_lists_and_keys_without_an_index(payload: Any) -> None:
    payload["tries"] = {"flaky": payload["tries"]["flaky[-1]"]["task_instances"]}
    payload["logs"]["flaky#1"] = payload["logs"].pop("flaky[-1]#1")
    assert "HTTP 503" in step_of(payload, "flaky", 1)["error"]


def test_a_mapped_label_is_no_markdown(payload: Any) -> None:
    payload["task_instances"]["task_instances"][9]["rendered_map_index"] = "<b>*1*"
    assert step_of(payload, "load", 1)["description"].startswith(r"Mapped index 0 (\<b\>\*1\*).")
