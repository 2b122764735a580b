from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated, outline

EMBEDDED = load("tekton/chains_pipelinerun1.json")
STRUCTURED = load("tekton/chains_pipelinerun_structured_results.json")
NAMED = load("tekton/chains_pipelinerun-childrefs.json")
PIPELINE = load("tekton/dashboard_pipelineRun.json")
TASKS = load("tekton/dashboard_taskRuns.json")
TASK = load("tekton/chains_taskrun1.json")
WHOLE = {"pipelineRun": PIPELINE, "taskRuns": TASKS}
THREE = [
    ("skaffold-unit-tests", None, "succeeded"),
    ("build-skaffold-app", None, "failed"),
    ("build-skaffold-web", None, "failed"),
]


def condition(status: str, reason: str, message: str = "") -> list[dict[str, str]]:
    return [{"type": "Succeeded", "status": status, "reason": reason, "message": message}]


def test_a_pipeline_with_its_task_runs() -> None:
    record = converted("tekton", WHOLE)
    assert record["workflow"] == {"id": "tekton:default/demo-pipeline", "name": "demo-pipeline"}
    execution = record["execution"]
    assert execution["id"] == "5ad9682e-d0ad-11e9-b992-025000000001"
    assert (execution["status"], execution["started_at"]) == ("failed", "2019-09-06T13:50:58Z")
    assert execution["error"] == "Failed: TaskRun demo-pipeline-run-6-build-skaffold-app-k4wxt has failed"
    assert "annotations" not in execution["details"]["metadata"]
    assert outline(record) == THREE
    failed = record["steps"][1]
    assert failed["error"].startswith('Failed: "step-build-and-push" exited with code 1')
    assert "pod demo-pipeline-run-6-build-skaffold-app-k4wxt-pod-7727d4" in failed["notes"][0]
    assert [(child["name"][:14], child["status"], child["exit_code"]) for child in failed["children"]] == [
        ("create-dir-bui", "succeeded", 0),
        ("git-source-ska", "succeeded", 0),
        ("build-and-push", "failed", 1),
        ("image-digest-e", "succeeded", 0),
    ]


@pytest.mark.parametrize(
    "payload",
    [
        [PIPELINE, *TASKS],
        {"apiVersion": "v1", "kind": "List", "items": [*TASKS, PIPELINE]},
        {"pipelineRun": PIPELINE, "taskRuns": {"kind": "TaskRunList", "items": TASKS}},
        {"specversion": "1.0", "type": "dev.tekton.event.pipelinerun.failed.v1", "data": WHOLE},
    ],
)
def test_the_same_objects_in_any_wrapping_are_the_same_record(payload: Any) -> None:
    assert converted("auto", payload) == converted("tekton", WHOLE)


@pytest.mark.parametrize("payload", [PIPELINE, {"pipelineRun": PIPELINE}, [PIPELINE]])
def test_a_pipeline_without_task_runs_says_so(payload: Any) -> None:
    record = converted("auto", payload)
    assert record["steps"] == []
    assert record["execution"]["notes"] == [
        "The event held no runs of tasks. Send them beside the PipelineRun as taskRuns."
    ]


def test_task_runs_inside_of_an_old_pipeline_run() -> None:
    record = converted("tekton", EMBEDDED)
    assert record["workflow"]["id"] == "tekton:test-pipeline"
    assert record["execution"]["input"] == {"IMAGE": "test.io/test/image"}
    assert record["execution"]["output"]["CHAINS-GIT_COMMIT"] == "abcd"
    assert outline(record) == [("git-clone", None, "succeeded"), ("build", None, "succeeded")]
    clone, build = record["steps"]
    assert clone["output"] == {"commit": "abcd", "url": "https://git.test.com"}
    assert clone["input"] == {"url": "https://git.test.com", "revision": ""}
    assert clone["children"][0]["input"]["script"] == "git clone"
    assert build["output"]["IMAGE_URL"] == "test.io/test/image\n"
    assert converted("auto", STRUCTURED)["execution"]["output"]["image-ARTIFACT_OUTPUTS"]["uri"] == "hello_world"


def test_runs_that_are_only_named_succeeded_where_the_pipeline_says_that_none_failed() -> None:
    record = converted("auto", NAMED)
    assert record["workflow"]["name"] == "test-pipeline"
    assert outline(record) == [("git-clone", None, "succeeded"), ("build", None, "succeeded")]
    assert "did not hold it" in record["steps"][0]["notes"][0]
    assert record["execution"]["id"].startswith("sha256-")
    assert "digest" in record["execution"]["notes"][0]
    some = deepcopy(NAMED)
    some["status"]["conditions"][0]["message"] = "Tasks Completed: 2 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0"
    record = converted("tekton", some)
    assert record["steps"] == []
    assert "git-clone (git-clone), build (taskrun-build)" in record["execution"]["notes"][1]
    some["status"]["conditions"] = condition("False", "Failed", "Tasks Completed: 2 (Failed: 0, Cancelled 0)")
    assert converted("tekton", some)["steps"] == []


def test_a_task_run_alone() -> None:
    for payload in (TASK, {"taskRun": TASK}, [TASK], {"items": [TASK]}):
        record = converted("auto", payload)
        assert record["workflow"]["id"] == "tekton:build"
        assert record["execution"]["output"]["IMAGE_URL"] == "gcr.io/my/image"
        assert outline(record) == [("build", None, "succeeded")]
        [step] = record["steps"]
        assert step["input"]["CHAINS-GIT_COMMIT"] == "taskrun"
        assert [child["name"] for child in step["children"]] == ["step1", "step2", "step3"]
        assert step["children"][0]["output"] == {"step1_result1": "result-value"}
        assert "status" not in step["children"][0]


def test_the_other_task_runs() -> None:
    record = converted("auto", load("tekton/chains_taskrun2.json"))
    assert outline(record) == [("git-clone", None, "succeeded")]
    assert record["steps"][0]["output"]["some-uri"] == "pkg:deb/debian/curl@7.50.3-1"
    record = converted("auto", load("tekton/chains_taskrun-remote-resolver.json"))
    assert record["workflow"]["name"] == "gcloud"
    assert record["steps"][0]["description"].startswith("This task performs operations")
    assert record["steps"][0]["children"][0]["input"]["script"] == "gcloud $@\n"


def test_several_task_runs_or_pipelines_are_no_execution() -> None:
    with pytest.raises(InvalidRecord, match="3 TaskRuns and no PipelineRun") as error:
        convert("auto", TASKS)
    assert error.value.field == "pipelineRun"
    with pytest.raises(InvalidRecord, match="2 PipelineRuns"):
        convert("tekton", [PIPELINE, PIPELINE])


def test_tries_and_a_matrix_are_iterations() -> None:
    whole = deepcopy(WHOLE)
    first, second = deepcopy(TASKS[2]), deepcopy(TASKS[2])
    second["metadata"]["name"] += "-1"
    second["status"].update(startTime="2019-09-06T13:51:30Z")
    first["status"]["retriesStatus"] = [
        {**TASKS[0]["status"], "startTime": "2019-09-06T13:50:00Z", "conditions": condition("False", "TaskRunTimeout")}
    ]
    first["spec"] = {"params": [{"name": "os", "value": "linux"}]}
    whole["taskRuns"] = [second, first]
    steps = converted("tekton", whole)["steps"]
    assert [(step["iteration"], step["status"], step["started_at"][11:19]) for step in steps] == [
        (1, "timed-out", "13:50:00"),
        (2, "succeeded", "13:50:58"),
        (3, "succeeded", "13:51:30"),
    ]
    assert steps[0]["notes"][0] == "This is try 1 of 2 of the same task. Tekton tried again."
    assert steps[1]["notes"][0] == "This is try 2 of 2 of the same task."
    assert [step.get("input") for step in steps] == [{"os": "linux"}, {"os": "linux"}, None]


def test_tasks_that_were_skipped_or_never_ran() -> None:
    run = deepcopy(EMBEDDED)
    del run["status"]["taskRuns"]["taskrun-build"]
    run["status"]["pipelineSpec"]["tasks"].append({"name": "deploy", "description": "To **production**."})
    run["status"]["skippedTasks"] = [{"name": "deploy", "reason": "When Expressions evaluated to false"}]
    record = converted("tekton", run)
    assert outline(record) == [
        ("git-clone", None, "succeeded"),
        ("deploy", None, "skipped"),
        ("build", None, "skipped"),
    ]
    assert record["steps"][1]["notes"] == ["Tekton skipped this task: When Expressions evaluated to false."]
    assert record["steps"][1]["description"] == "To **production**."
    assert record["steps"][2]["notes"] == ["This task did not run in this execution."]


def test_task_runs_of_another_pipeline_run_are_left_out_with_a_note() -> None:
    whole = deepcopy(WHOLE)
    whole["taskRuns"][0]["metadata"]["labels"]["tekton.dev/pipelineRun"] = "another"
    whole["taskRuns"][1]["metadata"]["labels"]["tekton.dev/pipelineRun"] = "demo-pipeline-run-6"
    record = converted("tekton", whole)
    assert len(record["steps"]) == 2
    assert record["execution"]["notes"] == [
        "1 TaskRuns of other PipelineRuns are not shown: demo-pipeline-run-6-build-skaffold-app-k4wxt."
    ]


@pytest.mark.parametrize(
    ("status", "reason", "ended"),
    [
        ("False", "Cancelled", "cancelled"),
        ("False", "PipelineRunTimeout", "timed-out"),
        ("False", "TaskRunCancelled", "cancelled"),
        ("False", "CouldntGetPipeline", "failed"),
        ("True", "Completed", "succeeded"),
        ("True", "Cancelled", "succeeded"),
    ],
)
def test_reasons_tell_time_outs_and_cancellations(status: str, reason: str, ended: str) -> None:
    run = deepcopy(PIPELINE)
    run["status"]["conditions"] = condition(status, reason)
    assert converted("tekton", run)["execution"]["status"] == ended


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        (condition("Unknown", "Running"), "running"),
        (condition("Unknown", "Started"), "running"),
        (condition("Unknown", "PipelineRunPending"), "waiting"),
        (condition("Unknown", "Cancelled"), "running"),
        ([], "queued"),
        (None, "queued"),
    ],
)
def test_a_run_that_has_not_ended_is_refused(conditions: Any, phase: str) -> None:
    run = deepcopy(PIPELINE)
    run["status"]["conditions"] = conditions
    with pytest.raises(NotCompleted, match=phase) as error:
        convert("tekton", {"pipelineRun": run})
    assert str(error.value.field).startswith("pipelineRun.status.conditions")


def test_an_unknown_status_is_named() -> None:
    run = deepcopy(PIPELINE)
    run["status"]["conditions"][0]["status"] = "Perhaps"
    with pytest.raises(InvalidRecord, match="'Perhaps'") as error:
        convert("tekton", run)
    assert error.value.field == "status.conditions[0].status"


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ({"terminationReason": "Continued", "terminated": {"exitCode": 3, "reason": "Completed"}}, "failed"),
        ({"terminationReason": "TimeoutExceeded", "terminated": {"exitCode": 1, "reason": "Error"}}, "timed-out"),
        ({"terminationReason": "Skipped", "terminated": {"exitCode": 1}}, "skipped"),
        ({"terminated": {"exitCode": 0}}, "succeeded"),
        ({"terminated": {"exitCode": 137, "reason": "Odd"}}, "failed"),
        ({"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "interrupted"),
        ({"waiting": {"reason": "PodInitializing"}}, "skipped"),
    ],
)
def test_how_containers_ended(step: dict[str, Any], status: str) -> None:
    run = deepcopy(TASK)
    run["status"]["steps"] = [{"name": "only", **step}]
    run["status"]["sidecars"] = [{"name": "server", "terminated": {"exitCode": 0}}]
    only, sidecar = converted("tekton", run)["steps"][0]["children"]
    assert (only["status"], sidecar["kind"]) == (status, "sidecar")


@pytest.mark.parametrize(
    ("metadata", "spec", "name"),
    [
        ({"name": "x-1", "labels": {"tekton.dev/pipeline": "nightly"}}, {"pipelineSpec": {}}, "nightly"),
        ({"name": "x-1", "labels": {"tekton.dev/pipeline": "x-1"}, "generateName": "x-"}, {"pipelineSpec": {}}, "x"),
        ({"name": "x-1"}, {"pipelineRef": {"resolver": "hub", "params": [{"name": "name", "value": "go"}]}}, "go"),
        ({"name": "x-1"}, {"pipelineRef": {"resolver": "git"}}, "x-1"),
    ],
)
def test_the_pipelines_name(metadata: dict[str, Any], spec: dict[str, Any], name: str) -> None:
    run = {"kind": "PipelineRun", "metadata": metadata, "spec": spec, "status": PIPELINE["status"]}
    assert converted("tekton", run)["workflow"]["name"] == name
    if "pipelineSpec" in spec:
        del run["metadata"]
        with pytest.raises(InvalidRecord):
            convert("tekton", run)


def test_who_started_it_and_where_it_is_shown() -> None:
    run = deepcopy(PIPELINE)
    notes = {"pipelinesascode.tekton.dev/sender": "ada", "pipelinesascode.tekton.dev/log-url": "https://ci.example/7"}
    run["metadata"]["annotations"] |= notes
    execution = converted("tekton", run)["execution"]
    assert (execution["triggered_by"], execution["url"]) == ("ada", "https://ci.example/7")


def test_a_task_run_of_a_pipeline_sent_alone_names_its_pipeline_run() -> None:
    run = deepcopy(TASK)
    run["metadata"]["labels"] |= {"tekton.dev/pipelineRun": "nightly-1", "tekton.dev/pipeline": "nightly"}
    record = converted("tekton", {"taskRun": run})
    assert record["workflow"]["name"] == "build"
    assert "nightly-1" in record["execution"]["notes"][0]


def test_what_runs_share_is_not_multiplied() -> None:
    run = deepcopy(EMBEDDED)
    one = run["status"]["taskRuns"]["git-clone"]
    run["status"]["pipelineSpec"]["tasks"][0]["description"] = "x" * (2 * 1024 * 1024)
    run["status"]["taskRuns"] = {f"clone-{n}": one for n in range(50)}
    steps = [step for step in converted("tekton", run)["steps"] if step["name"] == "git-clone"]
    assert ["description" in step for step in steps] == [True] + [False] * 49
    assert "shown with its first run" in steps[1]["notes"][0]


def test_what_tries_share_is_not_multiplied() -> None:
    run = deepcopy(TASK)
    run["spec"]["params"].append({"name": "large", "value": "x" * (2 * 1024 * 1024)})
    run["status"]["retriesStatus"] = [{"conditions": condition("False", "Failed")}] * 50
    steps = converted("tekton", run)["steps"]
    assert sum("input" in step for step in steps) == 1
    run["metadata"]["labels"]["tekton.dev/pipelineTask"] = "x" * 1001
    with pytest.raises(InvalidRecord, match="1,000 characters"):
        convert("tekton", run)


@pytest.mark.parametrize("payload", [None, [], {}, 3, {"kind": "Pod"}, {"pipelineRun": 3}, {"taskRuns": [1]}])
def test_what_is_no_run_is_refused(payload: Any) -> None:
    with pytest.raises(RunfolioError):
        convert("tekton", payload)


@pytest.mark.parametrize("payload", [WHOLE, EMBEDDED, NAMED, TASK], ids=["whole", "embedded", "named", "task"])
def test_the_same_payload_gives_the_same_record(payload: Any) -> None:
    before = deepcopy(payload)
    assert convert("tekton", payload) == convert("tekton", payload)
    assert payload == before


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([WHOLE, EMBEDDED, NAMED, TASK, [PIPELINE, *TASKS]]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("tekton", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
