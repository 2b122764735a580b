from __future__ import annotations

from typing import Any

import pytest

from producer.api.passing import tells_of_no_end
from tests.unit.producer.engines.payloads import load

RUN = load("github/workflow_run_completed.payload.json")
REQUESTED = load("github/workflow_run_requested.with-conclusion.payload.json")
PIPELINE = load("gitlab/webhook_pipeline.json")


def of_github(event: str, payload: Any, engine: str = "github") -> bool:
    return tells_of_no_end(engine, {"x-github-event": event}, payload)


def of_gitlab(event: str, payload: Any) -> bool:
    return tells_of_no_end("gitlab", {"x-gitlab-event": event}, payload)


def test_the_end_of_a_run_is_one() -> None:
    assert not of_github("workflow_run", RUN)
    assert not of_gitlab("Pipeline Hook", PIPELINE)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ping", {"zen": "Design for failure.", "hook_id": 1}),
        ("workflow_job", load("github/workflow_job_completed.failure.with-organization.payload.json")),
        ("workflow_run", REQUESTED),
        ("workflow_run", {**RUN, "action": "in_progress"}),
        ("workflow_run", {**RUN, "workflow_run": {**RUN["workflow_run"], "conclusion": "action_required"}}),
        ("workflow_run", {**RUN, "workflow_run": {**RUN["workflow_run"], "status": "queued"}}),
    ],
)
def test_other_deliveries_of_github_tell_of_no_end(event: str, payload: Any) -> None:
    assert of_github(event, payload)


@pytest.mark.parametrize("status", ["created", "pending", "running", "manual", "canceling"])
def test_a_pipeline_that_goes_on_has_not_ended(status: str) -> None:
    going_on = {**PIPELINE, "object_attributes": {**PIPELINE["object_attributes"], "status": status}}
    assert of_gitlab("Pipeline Hook", going_on)


def test_other_hooks_of_gitlab_tell_of_no_end() -> None:
    assert of_gitlab("Job Hook", load("gitlab/webhook_job.json"))
    assert of_gitlab("Push Hook", {})


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"workflow_run": 1}, {"object_attributes": {"status": [1]}}])
def test_what_no_webhook_delivered_is_left_to_the_adapter(payload: Any) -> None:
    assert not tells_of_no_end("github", {}, payload)
    assert not tells_of_no_end("gitlab", {}, payload)
    assert not of_github("ping", RUN, engine="n8n")


def test_an_unknown_status_is_no_going_on() -> None:
    unknown = {**PIPELINE, "object_attributes": {**PIPELINE["object_attributes"], "status": "dancing"}}
    assert not of_gitlab("Pipeline Hook", unknown)
    assert not of_github("workflow_run", {**RUN, "workflow_run": {**RUN["workflow_run"], "conclusion": "dancing"}})
