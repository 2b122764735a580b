from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

HOOK = load("gitlab/webhook_pipeline.json")
PIPELINE = {
    "id": 287,
    "iid": 144,
    "project_id": 21,
    "sha": "50f0acb76a40e34a4ff304f7347dcc6587da8a14",
    "ref": "main",
    "status": "failed",
    "source": "schedule",
    "created_at": "2022-09-21T01:05:07.200Z",
    "started_at": "2022-09-21T01:05:14.197Z",
    "finished_at": "2022-09-21T01:05:50.175Z",
    "duration": 34,
    "web_url": "https://gitlab.example.com/group/sub/app/-/pipelines/287",
    "user": {"id": 1, "username": "root", "name": "Administrator"},
    "yaml_errors": None,
    "detailed_status": {"text": "failed", "label": "failed"},
}
JOB = {
    "id": 8,
    "name": "rspec",
    "stage": "test",
    "status": "failed",
    "failure_reason": "script_failure",
    "allow_failure": False,
    "started_at": "2022-09-21T01:05:20.000Z",
    "finished_at": "2022-09-21T01:05:40.000Z",
    "web_url": "https://gitlab.example.com/group/sub/app/-/jobs/8",
    "pipeline": {"id": 287},
    "runner": {"id": 1, "description": "a runner"},
}
"""A pipeline and a job in the shape of the API's documentation; the webhooks are recorded ones."""


@pytest.fixture
def payload() -> Any:
    return deepcopy(HOOK)


@pytest.fixture
def answers() -> Any:
    return deepcopy({"pipeline": PIPELINE, "jobs": [JOB]})


def steps_of(payload: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = converted("gitlab", payload)["steps"]
    return steps


def test_the_webhook(payload: Any) -> None:
    record = converted("gitlab", payload)
    assert convert("auto", payload) == record
    assert (record["workflow"]["id"], record["workflow"]["name"]) == ("gitlab:1", "gitlab-org/gitlab-test")
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == ("31", "succeeded")
    assert (execution["started_at"], execution["finished_at"]) == ("2016-08-12T15:23:28Z", "2016-08-12T15:26:29Z")
    assert execution["triggered_by"] == "user1 (merge_request_event)"
    assert execution["input"] == {"NESTOR_PROD_ENVIRONMENT": "us-west-1"}
    assert execution["url"] == "http://192.168.64.1:3005/gitlab-org/gitlab-test/-/pipelines/31"
    assert execution["notes"] == ["Started by pipeline 30 of gitlab-org/upstream-project."]
    assert execution["event"]["commit"]["message"] == "test\n"
    assert execution["event"]["merge_request"]["title"] == "Test"


def test_its_jobs_in_the_order_of_their_start(payload: Any) -> None:
    steps = steps_of(payload)
    assert [(step["name"], step["status"], step.get("finished_at")) for step in steps] == [
        ("build-image", "succeeded", "2016-08-12T15:25:26Z"),
        ("test-image", "succeeded", None),
        ("test-build", "succeeded", "2016-08-12T15:26:29Z"),
        ("staging", "skipped", None),
        ("production", "skipped", None),
    ]
    assert steps[0]["description"] == "Stage: build."
    assert steps[0]["url"] == "http://192.168.64.1:3005/gitlab-org/gitlab-test/-/jobs/376"
    assert steps[0]["details"]["runner"]["description"] == "shared-runners-manager-6.gitlab.com"
    assert "GitLab did not say when this job ended." in steps[1]["notes"]
    assert "'created'" in steps[3]["notes"][0]
    # GitLab sends a reason of failure with a job that was skipped; it is no error.
    assert "error" not in steps[4]
    assert steps[4]["details"]["failure_reason"] == "script_failure"


def test_answers_of_the_api(answers: Any) -> None:
    answers["logs"] = {"8": "$ rspec\n\x1b[31mfailed\x1b[0m"}
    record = converted("gitlab", answers)
    assert convert("auto", answers) == record
    assert (record["workflow"]["id"], record["workflow"]["name"]) == ("gitlab:21", "group/sub/app")
    execution = record["execution"]
    assert (execution["id"], execution["status"], execution["triggered_by"]) == ("287", "failed", "root (schedule)")
    assert execution["started_at"] == "2022-09-21T01:05:14.197Z"
    assert execution["url"] == PIPELINE["web_url"]
    [step] = record["steps"]
    assert (step["name"], step["status"], step["error"]) == ("rspec", "failed", "script_failure")
    assert step["log"] == answers["logs"]["8"]
    assert "notes" not in step


def test_logs_of_unknown_jobs_are_kept(answers: Any) -> None:
    answers["logs"] = {"9": "x"}
    assert converted("gitlab", answers)["execution"]["event"] == {"logs": {"9": "x"}}


def test_a_pipeline_alone(answers: Any) -> None:
    record = convert("auto", answers["pipeline"])
    assert record["execution"]["id"] == "287"
    assert record["execution"]["notes"] == ["The event held no jobs, so no steps can be shown."]


def test_jobs_of_the_api_complete_those_of_the_webhook(payload: Any) -> None:
    payload["jobs"] = [{"id": 377, "finished_at": "2016-08-12 15:26:28 UTC", "coverage": 98.5}, JOB]
    steps = steps_of(payload)
    assert len(steps) == 6
    [image] = [step for step in steps if step["name"] == "test-image"]
    assert (image["finished_at"], image["details"]["coverage"]) == ("2016-08-12T15:26:28Z", 98.5)


def test_retries_are_iterations(answers: Any) -> None:
    again = {**JOB, "id": 9, "status": "success", "started_at": "2022-09-21T01:05:45.000Z", "failure_reason": None}
    answers["jobs"] = [again, JOB]
    assert [(s["name"], s["iteration"], s["status"]) for s in steps_of(answers)] == [
        ("rspec", 1, "failed"),
        ("rspec", 2, "succeeded"),
    ]


def test_a_job_that_starts_a_pipeline(answers: Any) -> None:
    answers["bridges"] = [{**JOB, "id": 10, "name": "deploy", "status": "success", "downstream_pipeline": {"id": 300}}]
    assert "Started pipeline 300, which is an execution of its own." in steps_of(answers)[1]["notes"]


@pytest.mark.parametrize(
    ("fields", "status", "note"),
    [
        ({"status": "failed", "allow_failure": True}, "failed", "This job may fail"),
        ({"failure_reason": "job_execution_timeout"}, "timed-out", "log"),
        ({"status": "canceled"}, "cancelled", "log"),
        ({"status": "manual"}, "skipped", "'manual'"),
        ({"status": "scheduled"}, "skipped", "'scheduled'"),
        ({"status": "running"}, "interrupted", "still running"),
    ],
)
def test_statuses_of_jobs(answers: Any, fields: dict[str, Any], status: str, note: str) -> None:
    answers["jobs"][0].update(fields)
    [step] = steps_of(answers)
    assert step["status"] == status
    assert note in step["notes"][0]


@pytest.mark.parametrize(("word", "status"), [("failed", "failed"), ("canceled", "cancelled"), ("skipped", "skipped")])
def test_statuses_of_pipelines(payload: Any, word: str, status: str) -> None:
    payload["object_attributes"]["status"] = word
    assert converted("gitlab", payload)["execution"]["status"] == status


@pytest.mark.parametrize(
    "word",
    ["created", "waiting_for_resource", "preparing", "pending", "running", "canceling", "manual", "scheduled"],
)
def test_a_pipeline_that_has_not_ended(payload: Any, word: str) -> None:
    payload["object_attributes"]["status"] = word
    with pytest.raises(NotCompleted) as error:
        convert("gitlab", payload)
    assert error.value.field == "object_attributes.status"


def test_an_unknown_status_names_its_place(payload: Any) -> None:
    payload["builds"][1]["status"] = "fine"
    with pytest.raises(InvalidRecord, match="'fine'") as error:
        convert("gitlab", payload)
    assert error.value.field == "builds[1].status"


@pytest.mark.parametrize("file", ["webhook_job", "webhook_build"])
def test_a_jobs_event_is_no_pipeline(file: str) -> None:
    with pytest.raises(InvalidRecord, match="tells of one job") as error:
        convert("auto", load(f"gitlab/{file}.json"))
    assert error.value.field == "object_attributes"


def test_other_events_are_no_pipelines(payload: Any) -> None:
    payload["object_kind"] = "merge_request"
    with pytest.raises(InvalidRecord, match="is not 'pipeline'"):
        convert("gitlab", payload)
    with pytest.raises(InvalidRecord, match="none of the known"):
        convert("auto", payload)
    with pytest.raises(InvalidRecord, match="none of the known"):
        convert("auto", load("gitlab/api_pipeline_testreport.json"))


def test_mistakes_in_the_file_are_the_error(answers: Any) -> None:
    answers["pipeline"]["yaml_errors"] = "jobs:rspec script can't be blank"
    answers["jobs"] = []
    assert converted("gitlab", answers)["execution"]["error"] == "jobs:rspec script can't be blank"


def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("gitlab", payload) == convert("gitlab", payload)
    assert payload == before


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([HOOK, {"pipeline": PIPELINE, "jobs": [JOB], "bridges": [JOB], "logs": {"8": "x"}}]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("gitlab", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
