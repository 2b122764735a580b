from __future__ import annotations

import base64
import gzip
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError, TooLarge
from producer.engines import argo_packed, convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated

LOOP = load("argo/argo_RetryLoopWithOutputParam.yaml")
EXIT = load("argo/argo_onExitPanic.yaml")
NO_RETRIES = load("argo/argo_dag-disable-fail-fast.yaml")
XGBOOST = load("argo/kubeflow_mock-xgboost-runtime.json")

OK, BAD, SKIP = "succeeded", "failed", "skipped"

COMPLETED: dict[str, tuple[str, str, list[tuple[str, int | None, str]]]] = {
    "argo_RetryLoopWithOutputParam.yaml": (
        "hr-retry-replication",
        OK,
        [
            ("Create-Json-List", None, OK),
            ("Retry-And-Loop", 1, BAD),
            ("Retry-And-Loop", 2, BAD),
            ("Retry-And-Loop", 3, OK),
            ("Retry-And-Loop", 4, OK),
            ("Check-Output", None, OK),
        ],
    ),
    "argo_dag-disable-fail-fast.yaml": (
        "dag-disable-fail-fast",
        BAD,
        [("A", None, OK), ("B", None, OK), ("C", 1, BAD), ("C", 2, BAD), ("D", None, OK), ("E", None, OK)],
    ),
    "argo_deepDeleteOfNodes.yaml": ("steps", BAD, [("pass", None, OK), ("fail", None, BAD)]),
    "argo_onExitPanic.yaml": (
        "exit-handlers",
        BAD,
        [("exit-handlers-n7s4n", None, BAD), ("celebrate", None, SKIP), ("cry", None, OK), ("notify", None, OK)],
    ),
    "argo_retryWorkflowWithNestedDAGsWithSuspendNodes.yaml": (
        "fail-two-nested-dag-suspend",
        BAD,
        [
            ("dag1-step1", None, OK),
            ("dag1-step2", None, OK),
            ("dag2-branch1-step1", None, OK),
            *((f"dag3-step{number}", 1, OK) for number in (1, 2, 3)),
            *((f"dag3-step{number}", 2, OK) for number in (1, 2, 3)),
            ("dag2-branch2-step2", None, OK),
            ("dag1-step4", None, OK),
            ("dag1-step5-tofail", None, BAD),
        ],
    ),
    "argo_workflowYaml_1.yaml": (
        "subdag-iterate",
        OK,
        [*(("echo-param", number, OK) for number in (1, 2, 3)), *(("echo-bye", number, OK) for number in (1, 2, 3))],
    ),
    "argo_workflowYaml_2.yaml": ("workflow-retry", BAD, [("launch", 1, OK), ("launch", 2, BAD)]),
    "kubeflow_hello-world-with-steps-runtime.json": (
        "hello-world-61985dbf-4299-458b-a183-1f2c2436c21c",
        OK,
        [("say", None, OK)],
    ),
    "kubeflow_integration-test-runtime.json": (
        "job-cloneofhelloworldls94q-1-3667110102",
        OK,
        [("A", None, OK), ("B", None, OK), ("C", None, OK), ("D", None, OK)],
    ),
    "kubeflow_mock-coinflip-runtime.json": (
        "coinflip-recursive",
        OK,
        [
            ("flip-coin", None, OK),
            ("heads", 1, SKIP),
            ("flip-coin-with-long-log", None, OK),
            ("heads", 2, OK),
            ("tails", None, SKIP),
        ],
    ),
    "kubeflow_mock-error-runtime.json": ("coinflip-error-nklng2", BAD, []),
    "kubeflow_mock-xgboost-runtime.json": (
        "xgboost-training",
        OK,
        [
            ("createcluster", None, OK),
            ("analyze", None, OK),
            ("transform", None, OK),
            ("train", None, OK),
            ("batchpredict", None, OK),
            ("confusionmatrix", None, BAD),
            ("deletecluster", None, OK),
        ],
    ),
}


@pytest.mark.parametrize("file", COMPLETED)
def test_every_completed_workflow(file: str) -> None:
    name, status, steps = COMPLETED[file]
    record = converted("auto", load(f"argo/{file}"))
    assert (record["engine"]["name"], record["workflow"]["name"], record["execution"]["status"]) == (
        "argo",
        name,
        status,
    )
    assert [(step["name"], step.get("iteration"), step["status"]) for step in record["steps"]] == steps


@pytest.mark.parametrize(
    "file",
    [
        "argo_dagOnExitAndRetryStrategy",
        "argo_dag_retry_succeeded",
        "argo_dag_xfail",
        "argo_steps-failed-retries",
        "argo_stepsFailFast",
        "argo_testFailsWithParamDAG",
    ],
)
def test_a_workflow_that_has_not_ended_is_refused(file: str) -> None:
    with pytest.raises(NotCompleted) as error:
        convert("auto", load(f"argo/{file}.yaml"))
    assert error.value.field == "status.phase"


def steps_of(payload: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = converted("argo", payload)["steps"]
    return steps


def test_inputs_outputs_errors_and_where_the_rest_is() -> None:
    first, failed, _, tried_again, *_ = steps_of(LOOP)
    assert first["output"] == {"jsonList": '[{"Id": "1"}, {"Id": "2"}]'}
    assert first["description"].startswith('```\necho [{\\"Id\\"')
    assert first["details"]["template"]["script"]["image"] == "alpine:3.23"
    assert failed["input"] == {"itemId": "1"}
    assert failed["error"] == "Error (exit code 1)"
    assert failed["notes"] == [
        "Attempt 1 of 2.",
        "The output parameter 'outputParam' has no value.",
        "The log is not part of the event; it is stored at s3: "
        "hr-retry-replication/hr-retry-replication-1172938528/main.log.",
    ]
    assert (failed["details"]["item"], failed["details"]["part_of"]) == ("Id:1", "hr-retry-replication")
    assert tried_again["output"] == {"outputParam": "Successful"}
    assert "What the template 'retryAndLoop' runs is shown with its first step." in tried_again["notes"]
    assert (tried_again["started_at"], tried_again["finished_at"]) == ("2022-01-06T00:10:05Z", "2022-01-06T00:10:12Z")


def test_the_execution() -> None:
    record = converted("argo", EXIT)
    assert record["workflow"]["id"] == "argo:argo/exit-handlers"
    execution = record["execution"]
    assert execution["id"] == "7b2f1451-9a9a-4f66-a0d9-0364f814d948"
    assert execution["error"] == "main: Error (exit code 1)"
    assert (execution["started_at"], execution["finished_at"]) == ("2025-02-11T05:31:12Z", "2025-02-11T05:31:30Z")
    assert [each["name"] for each in execution["details"]["structure"]] == [
        "exit-handlers-n7s4n.onExit",
        "exit-handlers-n7s4n.onExit[0]",
    ]
    assert steps_of(EXIT)[1]["notes"] == ["Argo says: when 'Failed == Succeeded' evaluated false"]


def test_a_workflow_without_nodes_says_why() -> None:
    execution = converted("argo", load("argo/kubeflow_mock-error-runtime.json"))["execution"]
    assert execution["error"].startswith("invalid spec: templates.coinflip.steps[0].heads failed to resolve")
    assert "held no nodes" in execution["notes"][0]
    offloaded = {**XGBOOST, "status": {"phase": "Failed", "offloadNodeStatusVersion": "fnv:784644191"}}
    assert "database" in converted("argo", offloaded)["execution"]["notes"][0]


def test_packed_nodes_give_the_same_steps() -> None:
    payload = deepcopy(LOOP)
    nodes = payload["status"].pop("nodes")
    packed = base64.b64encode(gzip.compress(jsontext.encode(nodes))).decode()
    payload["status"]["compressedNodes"] = packed
    assert converted("auto", payload)["steps"] == converted("argo", LOOP)["steps"]
    payload["status"]["compressedNodes"] = base64.b64encode(b"no gzip").decode()
    with pytest.raises(InvalidRecord, match="no Base64 of gzip") as error:
        convert("argo", payload)
    assert error.value.field == "status.compressedNodes"
    payload["status"]["compressedNodes"] = packed[:400]
    with pytest.raises(InvalidRecord, match="cut short"):
        convert("argo", payload)


def test_packed_nodes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argo_packed, "MAX_NODES_BYTES", 1000)
    bomb = base64.b64encode(gzip.compress(b" " * 1001)).decode()
    with pytest.raises(TooLarge):
        convert("argo", {**LOOP, "status": {"phase": "Failed", "compressedNodes": bomb}})


@pytest.mark.parametrize(
    "frame",
    [
        lambda workflow: {"type": "MODIFIED", "object": workflow},
        lambda workflow: {"result": {"type": "MODIFIED", "object": workflow}},
        lambda workflow: {"type": "UPDATE", "body": workflow, "group": "argoproj.io"},
        lambda workflow: {"workflow": workflow},
        lambda workflow: {"kind": "WorkflowList", "metadata": {}, "items": [workflow]},
        lambda workflow: [workflow],
    ],
)
def test_frames_in_which_workflows_are_sent(frame: Any) -> None:
    assert converted("auto", frame(LOOP)) == converted("argo", LOOP)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"spec": {"workflowTemplateRef": {"name": "nightly"}}}, "nightly"),
        ({"metadata": {"labels": {"workflows.argoproj.io/cron-workflow": "at-two"}}}, "at-two"),
        ({"metadata": {"generateName": "made-"}}, "made"),
        ({}, "hr-retry-replication"),
    ],
)
def test_what_a_workflow_is_called_by(change: dict[str, Any], name: str) -> None:
    payload = deepcopy(LOOP)
    for part, fields in change.items():
        payload[part].update(fields)
    assert converted("argo", payload)["workflow"]["name"] == name


def test_who_started_it() -> None:
    payload = deepcopy(LOOP)
    payload["metadata"]["labels"]["workflows.argoproj.io/creator"] = "ada"
    assert converted("argo", payload)["execution"]["triggered_by"] == "ada"


def test_what_was_stopped_and_what_ran_too_long() -> None:
    payload = deepcopy(NO_RETRIES)
    payload["spec"]["shutdown"] = "Terminate"
    for node in payload["status"]["nodes"].values():
        if node["displayName"] == "C(0)":
            node["message"] = "Step exceeded its deadline"
        if node["displayName"] == "C(1)":
            node["message"] = "workflow shutdown with strategy:  Terminate"
    record = converted("argo", payload)
    assert record["execution"]["status"] == "cancelled"
    assert [step["status"] for step in record["steps"][2:4]] == ["timed-out", "cancelled"]
    assert "'Failed'" in record["steps"][2]["notes"][0]


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("Running", "interrupted"),
        ("Pending", "skipped"),
        (None, "skipped"),
        ("Omitted", "skipped"),
        ("Error", "failed"),
    ],
)
def test_phases_of_nodes(phase: str | None, status: str) -> None:
    payload = deepcopy(LOOP)
    payload["status"]["nodes"]["hr-retry-replication-2709022465"]["phase"] = phase
    assert steps_of(payload)[-1]["status"] == status


def test_an_unknown_phase_names_its_place() -> None:
    payload = deepcopy(LOOP)
    payload["status"]["nodes"]["hr-retry-replication-2709022465"]["phase"] = "Fine"
    with pytest.raises(InvalidRecord, match="'Fine'") as error:
        convert("argo", payload)
    assert error.value.field == 'status.nodes["hr-retry-replication-2709022465"].phase'


def test_a_group_that_failed_by_itself_is_a_step() -> None:
    payload = deepcopy(LOOP)
    nodes = payload["status"]["nodes"]
    nodes["hr-retry-replication-3704116740"].update(phase="Error", message="withParam value could not be parsed")
    for retry in ("302978553", "1488413861"):
        del nodes[f"hr-retry-replication-{retry}"]
    for attempt in ("1172938528", "1480423937", "3158332932", "4058438733"):
        del nodes[f"hr-retry-replication-{attempt}"]
    steps = steps_of(payload)
    assert [(step["name"], step["status"]) for step in steps] == [
        ("Create-Json-List", "succeeded"),
        ("Retry-And-Loop", "failed"),
        ("Check-Output", "succeeded"),
    ]
    assert steps[1]["error"] == "withParam value could not be parsed"


def test_one_name_in_two_templates_is_two_steps() -> None:
    payload = deepcopy(EXIT)
    payload["status"]["nodes"]["exit-handlers-n7s4n"].update(displayName="cry", boundaryID=None)
    for node in payload["status"]["nodes"].values():
        if node["name"].endswith(".celebrate"):
            node.update(boundaryID="exit-handlers-n7s4n", displayName="cry")
    assert [step["name"] for step in steps_of(payload)] == [
        "cry",
        "intentional-fail.cry",
        "exit-handler.cry",
        "notify",
    ]


def test_containers_of_a_pod_are_its_children() -> None:
    payload = deepcopy(EXIT)
    payload["status"]["nodes"]["exit-handlers-n7s4n"]["children"] = ["inside"]
    payload["status"]["nodes"]["inside"] = {
        "id": "inside",
        "name": "exit-handlers-n7s4n.a",
        "displayName": "a",
        "type": "Container",
        "phase": "Failed",
        "message": "exit 3",
    }
    [child] = steps_of(payload)[0]["children"]
    assert (child["name"], child["kind"], child["status"]) == ("a", "Container", "failed")
    assert child["details"]["message"] == "exit 3"


def test_the_same_payload_gives_the_same_record() -> None:
    before = deepcopy(LOOP)
    assert convert("argo", LOOP) == convert("argo", LOOP)
    assert before == LOOP


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([LOOP, EXIT, XGBOOST]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("argo", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
