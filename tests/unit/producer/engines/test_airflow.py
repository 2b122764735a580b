from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.airflow_payloads import collected, step_of, steps_of
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

FAILED = collected("failed")
SUCCEEDED = collected("success")


@pytest.fixture
def payload() -> Any:
    return deepcopy(FAILED)


def test_a_run_that_failed(payload: Any) -> None:
    record = converted("airflow", payload)
    assert record["workflow"] == {"id": "airflow:nightly_import", "name": "nightly_import"}
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == ("manual__fail+2026", "failed")
    assert execution["started_at"] == "2026-11-23T16:50:41.280542Z"
    assert execution["finished_at"] == "2026-11-23T16:52:03.791358Z"
    assert execution["triggered_by"] == "Anonymous (rest_api)"
    assert execution["input"] == {"fail": True, "n": 4}
    assert execution["details"]["run_type"] == "manual"
    assert "event" not in execution
    assert "notes" not in execution


def test_its_steps_are_the_tries_in_the_order_of_their_start(payload: Any) -> None:
    assert [(step["name"], step.get("iteration"), step["status"]) for step in steps_of(payload)] == [
        ("list_pages", None, "succeeded"),
        ("choose", None, "succeeded"),
        ("must_work", None, "failed"),
        ("right", None, "skipped"),
        ("after", None, "skipped"),
        ("flaky", 1, "failed"),
        ("shell", None, "succeeded"),
        ("transform.a", 1, "succeeded"),
        ("transform.a", 2, "succeeded"),
        ("transform.a", 3, "succeeded"),
        ("transform.a", 4, "succeeded"),
        ("load", 1, "succeeded"),
        ("load", 2, "succeeded"),
        ("load", 3, "failed"),
        ("load", 4, "skipped"),
        ("left", None, "succeeded"),
        ("flaky", 2, "succeeded"),
        ("transform.b", 1, "succeeded"),
        ("transform.b", 2, "succeeded"),
        ("transform.b", 3, "succeeded"),
        ("transform.b", 4, "succeeded"),
        ("load", 5, "failed"),
        ("cleanup", None, "succeeded"),
    ]


def test_a_run_that_succeeded() -> None:
    record = converted("airflow", SUCCEEDED)
    assert (record["execution"]["id"], record["execution"]["status"]) == ("manual__ok", "succeeded")
    assert len(record["steps"]) == 22
    assert [s["iteration"] for s in record["steps"] if s["name"] == "load"] == [1, 2, 3, 4]
    assert [s["status"] for s in record["steps"] if s["name"] == "flaky"] == ["failed", "succeeded"]
    assert step_of(SUCCEEDED, "load", 3)["output"] == {"page": 2, "rows": [20, 21, 22]}
    assert step_of(SUCCEEDED, "after")["output"] == "never when failed"


def test_a_try_of_a_mapped_task(payload: Any) -> None:
    step = step_of(payload, "load", 5)
    assert step["description"] == "Mapped index 2 (page 2). Try 2 of 2."
    assert step["input"] == {"op_kwargs": {"p": {"page": 2, "url": "https://example.test/p/2?a=1&b=<2>"}}}
    assert step["error"].startswith("ValueError: cannot parse page 2: naïve\nsecond line\n\nTraceback (most recent")
    assert 'File "/srv/engine/airflow-home/dags/nightly.py", line 41, in load' in step["error"]
    assert "INFO task.stdout: loading {'page': 2" in step["log"]
    assert step["details"]["rendered_map_index"] == "page 2"
    assert "notes" not in step
    earlier = step_of(payload, "load", 3)
    assert earlier["description"] == "Mapped index 2. Try 1 of at most 2."
    assert (earlier["started_at"], earlier["finished_at"]) == (
        "2026-11-23T16:51:31.985710Z",
        "2026-11-23T16:51:32.464665Z",
    )
    assert earlier["notes"] == ["Airflow keeps the input of the last try."]


def test_a_retry(payload: Any) -> None:
    first, second = step_of(payload, "flaky", 1), step_of(payload, "flaky", 2)
    assert first["error"].startswith("ConnectionError: HTTP 503 from upstream\n\nTraceback")
    assert "output" not in first
    assert "error" not in second
    assert second["output"] == {"ok": True, "try": 2}


def test_outputs_are_returned_values(payload: Any) -> None:
    assert step_of(payload, "shell")["output"] == "last line"
    assert step_of(payload, "shell")["input"]["bash_command"].startswith('echo "hello from bash"')
    assert step_of(payload, "transform.b", 4)["output"] == {"b": 4}
    assert step_of(payload, "choose")["notes"] == ["This task returned no value."]


def test_tasks_that_never_ran_say_why(payload: Any) -> None:
    assert "upstream_failed" in step_of(payload, "after")["notes"][0]
    assert "log" not in step_of(payload, "right")
    assert "notes" not in step_of(payload, "right")


def test_descriptions_come_from_the_dag(payload: Any) -> None:
    payload["dag"] = load("airflow/run_dag.json")
    payload["tasks"] = load("airflow/run_dag_tasks.json")
    payload["tasks"]["tasks"][1]["doc_md"] = "*Chooses*"
    record = converted("airflow", payload)
    assert record["workflow"]["details"]["tags"][1]["name"] == "étiquette"
    assert step_of(payload, "choose")["description"] == "*Chooses*"


def test_a_tasks_documentation_stands_with_its_first_run_only(payload: Any) -> None:
    payload["tasks"] = [{"task_id": "load", "doc_md": "Loads *pages*."}]
    assert (
        step_of(payload, "load", 1)["description"] == "Loads *pages*.\n\nMapped index 0 (page 0). Try 1 of at most 2."
    )
    assert step_of(payload, "load", 2)["description"] == "Mapped index 1 (page 1). Try 1 of at most 2."


@pytest.mark.parametrize("part", ["task_instances", "tries", "xcom", "logs"])
def test_any_part_may_be_missing(payload: Any, part: str) -> None:
    del payload[part]
    assert len(steps_of(payload)) == (21 if part == "tries" else 23)
    step = step_of(payload, "load", 3 if part == "tries" else 5)
    assert step["status"] == "failed"
    expected = {
        "task_instances": "The event did not hold the input of this try.",
        "tries": "Earlier tries of this task are not in the event.",
        "logs": "The event held no log of this try.",
    }
    assert part == "xcom" or expected[part] in step["notes"]
    output = step_of(payload, "left")
    assert part != "xcom" or output["notes"] == ["The event did not hold what this task returned (its XCom)."]


def test_without_logs_there_are_no_errors_and_the_steps_say_so(payload: Any) -> None:
    del payload["logs"]
    step = step_of(payload, "must_work")
    assert "error" not in step
    assert "no error was found there" in step["notes"][1]


@pytest.mark.parametrize(
    ("form", "steps"),
    [
        (lambda run: {"dag_run": run}, 0),
        (lambda run: run, 0),
        (lambda run: {**run, "task_instances": FAILED["task_instances"]["task_instances"]}, 21),
        (lambda run: {"dag_id": run["dag_id"], "run_id": run["dag_run_id"], "state": run["state"]}, 0),
    ],
)
def test_forms_of_the_run(form: Any, steps: int) -> None:
    record = converted("airflow", form(FAILED["dag_run"]))
    assert record == convert("auto", form(FAILED["dag_run"]))
    assert (record["workflow"]["id"], record["execution"]["id"]) == ("airflow:nightly_import", "manual__fail+2026")
    assert len(record["steps"]) == steps
    assert ("notes" in record["execution"]) == (steps == 0)


def test_a_callbacks_context() -> None:
    execution = converted("airflow", load("airflow/callback_dag-failure_1.json"))["execution"]
    assert (execution["id"], execution["status"]) == ("manual__fail+2026", "failed")
    assert execution["error"] == "task_failure"
    assert execution["event"]["task_instance_key_str"] == "nightly_import__load__manual__fail+2026"
    assert converted("airflow", load("airflow/callback_dag-success_1.json"))["execution"]["status"] == "succeeded"


@pytest.mark.parametrize(("name", "status"), [("failed", "failed"), ("success", "succeeded")])
def test_what_a_listener_receives(name: str, status: str) -> None:
    execution = converted("airflow", load(f"airflow/callback_listener-dag-{name}_1.json"))["execution"]
    assert execution["status"] == status
    assert execution["started_at"].startswith("2026-11-23T16:50:41.2")
    assert execution.get("error") == ("task_failure" if name == "failed" else None)


def test_a_listeners_time_that_is_none_is_named() -> None:
    payload = load("airflow/callback_listener-dag-failed_1.json")
    payload["dag_run"]["end_date"] = "datetime.datetime(2026, 13, 23, 16, 52, tzinfo=Timezone('UTC'))"
    with pytest.raises(InvalidRecord, match="calendar") as error:
        convert("airflow", payload)
    assert error.value.field == "dag_run.end_date"


@pytest.mark.parametrize(
    "file",
    ["callback_task-failure_1", "callback_task-failure_2", "callback_task-retry_1", "callback_task-success_1"],
)
def test_a_tasks_callback_comes_before_the_run_has_ended(file: str) -> None:
    with pytest.raises(NotCompleted) as error:
        convert("auto", load(f"airflow/{file}.json"))
    assert error.value.field == "dag_run.state"


@pytest.mark.parametrize("file", ["callback_listener-ti-failed_1", "run_dagRuns", "run_dag"])
def test_what_names_no_run_is_refused(file: str) -> None:
    with pytest.raises(InvalidRecord, match="dag_run is missing"):
        convert("airflow", load(f"airflow/{file}.json"))
    with pytest.raises(InvalidRecord, match="none of the known"):
        convert("auto", load(f"airflow/{file}.json"))


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_that_has_not_ended(payload: Any, state: str) -> None:
    payload["dag_run"]["state"] = state
    with pytest.raises(NotCompleted):
        convert("airflow", payload)


def test_an_unknown_state_names_its_place(payload: Any) -> None:
    payload["task_instances"]["task_instances"][2]["state"] = "fine"
    with pytest.raises(InvalidRecord, match="'fine'") as error:
        convert("airflow", payload)
    assert error.value.field == "task_instances.task_instances[2].state"


@pytest.mark.parametrize(("field", "value"), [("map_index", -2), ("map_index", 0.5), ("try_number", -1)])
def test_numbers_that_cannot_be_name_their_place(payload: Any, field: str, value: float) -> None:
    payload["task_instances"]["task_instances"][2][field] = value
    with pytest.raises(InvalidRecord, match="whole number from") as error:
        convert("airflow", payload)
    assert error.value.field == f"task_instances.task_instances[2].{field}"


@pytest.mark.parametrize(
    ("state", "status", "note"),
    [
        (None, "skipped", "never started"),
        ("scheduled", "skipped", "never started"),
        ("running", "interrupted", "still running"),
        ("deferred", "interrupted", "still waiting"),
        ("awaiting_input", "interrupted", "still waiting"),
        ("up_for_retry", "failed", "another one was due"),
        ("removed", "skipped", "removed from the DAG"),
    ],
)
def test_states_that_tasks_are_left_in(payload: Any, state: str | None, status: str, note: str) -> None:
    payload["task_instances"]["task_instances"][7]["state"] = state
    del payload["tries"]
    step = step_of(payload, "cleanup")
    assert step["status"] == status
    assert note in step["notes"][0]


def test_one_page_of_the_task_instances_is_said_to_be_one(payload: Any) -> None:
    payload["task_instances"]["total_entries"] = 120
    assert "21 of the run's 120" in converted("airflow", payload)["execution"]["notes"][0]


def test_logs_and_values_of_unknown_tasks_are_kept(payload: Any) -> None:
    payload["logs"]["ghost[-1]#1"] = {"content": [{"event": "boo"}]}
    payload["xcom"]["ghost[-1]"] = {"value": 1}
    event = converted("airflow", payload)["execution"]["event"]
    assert event == {"xcom": {"ghost[-1]": {"value": 1}}, "logs": {"ghost[-1]#1": {"content": [{"event": "boo"}]}}}


def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("airflow", payload) == convert("airflow", payload)
    assert payload == before


SMALL = {
    "dag_run": FAILED["dag_run"],
    "task_instances": {"task_instances": FAILED["task_instances"]["task_instances"][7:10], "total_entries": 3},
    "tries": {key: FAILED["tries"][key] for key in ("flaky[-1]", "load[0]", "load[2]")},
    "xcom": {key: FAILED["xcom"][key] for key in ("flaky[-1]", "choose[-1]", "load[0]")},
    "logs": {key: {"content": FAILED["logs"][key]["content"][-4:]} for key in ("flaky[-1]#1", "load[2]#2")},
}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject) -> None:
    try:
        record = convert("airflow", data.draw(mutated(SMALL)))
    except RunfolioError:
        return
    assert_valid(record)
