from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

HOOK = load("github/workflow_run_completed.payload.json")
LISTING = load("github/api_list_jobs_for_run.json")
FAILED_JOB = load("github/hub4j_workflow_job.json")
LINTERS = load("github/workflow_job_completed.failure.with-organization.payload.json")
WAITING_JOB = load("github/workflow_job_in_progress.with-queued-steps.payload.json")


@pytest.fixture
def payload() -> Any:
    return deepcopy({"workflow_run": HOOK["workflow_run"], "jobs": LISTING})


def steps_of(payload: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = converted("github", payload)["steps"]
    return steps


@pytest.mark.parametrize("name", ["workflow_run_completed", "workflow_run_completed.with-pull-requests"])
def test_the_webhook(name: str) -> None:
    payload = load(f"github/{name}.payload.json")
    record = converted("github", payload)
    assert convert("auto", payload) == record
    assert (record["workflow"]["id"], record["workflow"]["name"]) == ("github:2823525", "test")
    assert record["workflow"]["details"]["repository"]["full_name"] == "octo-org/octo-repo"
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == ("289782451", "succeeded")
    assert (execution["started_at"], execution["finished_at"]) == ("2020-10-05T16:33:49Z", "2020-10-05T16:33:49Z")
    assert execution["triggered_by"] == "Codertocat (repository_dispatch)"
    assert execution["url"] == "https://github.com/octo-org/octo-repo/actions/runs/289782451"
    assert execution["details"]["head_commit"]["message"] == "build(test): check workflow run event payload"
    assert execution["details"]["logs_url"].endswith("/runs/289782451/logs")
    assert "rerun_url" not in execution["details"]
    assert ("pull_requests" in execution["details"]) == ("pull" in name)
    assert record["steps"] == []
    assert "no jobs" in execution["notes"][0]


def test_jobs_are_steps_and_their_steps_are_nested(payload: Any) -> None:
    first, second = steps_of(payload)
    assert [(step["name"], step["status"]) for step in (first, second)] == [
        ("job2", "succeeded"),
        ("job1", "succeeded"),
    ]
    assert (first["started_at"], first["finished_at"]) == ("2021-04-05T15:42:56Z", "2021-04-05T15:42:57Z")
    assert first["children"] == [
        {"name": "Set up job", "kind": "step", "status": "succeeded"},
        {"name": "Run a one-line script", "kind": "step", "status": "succeeded"},
        {"name": "Complete job", "kind": "step", "status": "succeeded"},
    ]
    assert first["description"].startswith("Runner: my runner.\n\n| Number | Step | Status | Started | Finished |")
    assert (
        "| 2 | Run a one-line script | succeeded | 2021-04-05T17:42:56.000+02:00 | 2021-04-05T17:42:57.000+02:00 |"
        in first["description"]
    )
    assert first["details"]["labels"] == ["ubuntu-latest"]
    assert "iteration" not in first
    assert "log" in first["notes"][0]


def test_a_job_that_failed_names_the_step(payload: Any) -> None:
    payload["jobs"] = [FAILED_JOB["workflow_job"], LINTERS]
    linters, tests = steps_of(payload)
    assert (tests["name"], tests["status"]) == ("JVM Tests - JDK JDK16", "failed")
    assert tests["error"] == "Step 4 failed: Build with Maven"
    assert linters["error"] == "Step 8 failed: Run yarn run format-check"
    assert [child["status"] for child in linters["children"]].count("skipped") == 2
    assert len(linters["children"]) == 12


@pytest.mark.parametrize(
    "form", [lambda jobs: jobs, lambda jobs: jobs["jobs"], lambda jobs: [{"workflow_job": job} for job in jobs["jobs"]]]
)
def test_forms_of_the_jobs(payload: Any, form: Any) -> None:
    expected = steps_of(payload)
    payload["jobs"] = form(payload["jobs"])
    assert steps_of(payload) == expected
    assert convert("auto", {**HOOK, "jobs": payload["jobs"]})["steps"] == expected
    assert convert("auto", {**HOOK["workflow_run"], "jobs": payload["jobs"]})["steps"] == expected


def test_a_run_as_the_api_returns_it() -> None:
    record = convert("auto", HOOK["workflow_run"])
    assert record["workflow"]["id"] == "github:2823525"
    assert record["workflow"]["name"] == ".github/workflows/test.yml"
    assert record["execution"]["id"] == "289782451"


def test_jobs_of_a_matrix_are_iterations(payload: Any) -> None:
    [job, _] = payload["jobs"]["jobs"]
    names = ["build (ubuntu-latest, 3.12)", "build (windows-latest, 3.12)", "lint (fast)", "publish"]
    payload["jobs"] = [
        {**job, "name": name, "started_at": f"2021-04-05T15:42:5{second}Z"} for second, name in enumerate(names)
    ]
    steps = steps_of(payload)
    assert [(step["name"], step.get("iteration")) for step in steps] == [
        ("build", 1),
        ("build", 2),
        ("lint (fast)", None),
        ("publish", None),
    ]
    assert steps[1]["description"].startswith("Matrix: windows-latest, 3.12.")


def test_attempts_of_a_job_are_iterations(payload: Any) -> None:
    payload["workflow_run"]["run_attempt"] = 2
    [job, _] = payload["jobs"]["jobs"]
    again = {**job, "run_attempt": 2, "started_at": "2021-04-05T16:00:00Z"}
    payload["jobs"] = [again, {**job, "run_attempt": 1, "conclusion": "failure"}]
    record = converted("github", payload)
    assert record["execution"]["id"] == "289782451-2"
    assert record["execution"]["notes"] == ["This is attempt 2 of the run."]
    assert [(s["name"], s["iteration"], s["status"]) for s in record["steps"]] == [
        ("job2", 1, "failed"),
        ("job2", 2, "succeeded"),
    ]
    assert record["steps"][1]["description"].startswith("Attempt 2 of the run.")


def test_a_page_of_the_jobs_is_said_to_be_one(payload: Any) -> None:
    payload["jobs"]["total_count"] = 31
    assert converted("github", payload)["execution"]["notes"] == [
        "The event held 2 of the run's 31 jobs; the others cannot be shown."
    ]


def test_logs_may_stand_beside(payload: Any) -> None:
    payload["logs"] = {"2270858576": "hello\n", "job1": "world", "else": "x"}
    record = converted("github", payload)
    assert [step["log"] for step in record["steps"]] == ["hello\n", "world"]
    assert "notes" not in record["steps"][0]
    assert record["execution"]["event"] == {"logs": {"else": "x"}}


def test_a_log_by_a_name_that_jobs_share_is_nobodys(payload: Any) -> None:
    payload["jobs"]["jobs"][0]["name"] = "job1"
    payload["logs"] = {"job1": "whose?"}
    record = converted("github", payload)
    assert not any("log" in step for step in record["steps"])
    assert record["execution"]["event"] == {"logs": {"job1": "whose?"}}


def test_names_of_steps_are_no_markdown(payload: Any) -> None:
    payload["jobs"]["jobs"][0]["steps"][1]["name"] = "Run `a` || <b>\nb"
    assert r"| Run \`a\` \|\| \<b\> b |" in steps_of(payload)[0]["description"]


@pytest.mark.parametrize("status", ["requested", "in_progress", "queued", "waiting", "pending"])
def test_a_run_that_has_not_ended(payload: Any, status: str) -> None:
    payload["workflow_run"].update(status=status, conclusion=None)
    with pytest.raises(NotCompleted) as error:
        convert("github", payload)
    assert error.value.field == "workflow_run.status"


def test_a_run_that_waits_for_approval_has_not_ended() -> None:
    with pytest.raises(NotCompleted) as error:
        convert("auto", load("github/workflow_run_requested.with-conclusion.payload.json"))
    assert error.value.field == "workflow_run.conclusion"


@pytest.mark.parametrize(
    ("conclusion", "status", "note"),
    [
        ("failure", "failed", None),
        ("cancelled", "cancelled", None),
        ("timed_out", "timed-out", None),
        ("skipped", "skipped", None),
        ("neutral", "succeeded", "neither success nor failure"),
        ("stale", "interrupted", "gave up"),
        ("startup_failure", "failed", "could not start"),
    ],
)
def test_conclusions(payload: Any, conclusion: str, status: str, note: str | None) -> None:
    payload["workflow_run"]["conclusion"] = conclusion
    payload["jobs"]["jobs"][0]["conclusion"] = conclusion
    record = converted("github", payload)
    assert (record["execution"]["status"], record["steps"][0]["status"]) == (status, status)
    assert (note is None) == ("notes" not in record["execution"])
    assert note is None or note in record["steps"][0]["notes"][0]


def test_jobs_left_behind(payload: Any) -> None:
    payload["jobs"] = [WAITING_JOB]
    [step] = steps_of(payload)
    assert step["status"] == "interrupted"
    assert [child["status"] for child in step["children"][:4]] == ["succeeded", "succeeded", "interrupted", "skipped"]
    assert "Step 3: The step was still running when the execution ended" in step["notes"][1]


def test_an_unknown_conclusion_names_its_place(payload: Any) -> None:
    payload["jobs"]["jobs"][1]["conclusion"] = "fine"
    with pytest.raises(InvalidRecord, match="'fine'") as error:
        convert("github", payload)
    assert error.value.field == "jobs.jobs[1].conclusion"
    payload["workflow_run"]["conclusion"] = None
    with pytest.raises(InvalidRecord, match="is missing") as error:
        convert("github", payload)
    assert error.value.field == "workflow_run.conclusion"


@pytest.mark.parametrize("event", [FAILED_JOB, LINTERS, WAITING_JOB])
def test_a_jobs_event_is_no_run(event: Any) -> None:
    with pytest.raises(InvalidRecord, match="the event tells of one job of a run") as error:
        convert("auto", event)
    assert error.value.field == "workflow_run"


def test_a_check_is_no_run() -> None:
    with pytest.raises(InvalidRecord, match="none of the known"):
        convert("auto", load("github/check_run_completed.payload.json"))


def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("github", payload) == convert("github", payload)
    assert payload == before


WHOLE = {**HOOK, "jobs": {"total_count": 2, "jobs": [FAILED_JOB["workflow_job"], WAITING_JOB["workflow_job"]]}}
FLAT = {**HOOK["workflow_run"], "jobs": LISTING["jobs"], "logs": {"job1": "x"}}


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([WHOLE, FLAT]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("github", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
