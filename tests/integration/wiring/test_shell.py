"""The scripts of the Kubernetes engines and of Temporal, run by a real shell with jq and curl; their clients are
stand-ins that print what the engines answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.wiring.listening import Answer, Peer
from tests.unit.producer.engines.payloads import converted, load, outline

INTEGRATIONS = Path(__file__).parents[3] / "integrations"
MISSING = [program for program in ("jq", "curl", "gzip") if shutil.which(program) is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((INTEGRATIONS / name).read_text(encoding="utf-8")))


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def shell(folder: Path, script: str | list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **settings}
    argv = ["sh", "-c", script] if isinstance(script, str) else script
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 # the project's own scripts


def kubectl(folder: Path, answers: dict[str, Any]) -> None:
    cases = []
    for number, (resource, answer) in enumerate(answers.items()):
        (folder / f"{number}.json").write_text(json.dumps(answer))
        cases.append(f"{resource}) cat {folder}/{number}.json ;;")
    program(folder, "kubectl", f'echo "$@" >> {folder}/asked\ncase "$2" in {" ".join(cases)} *) exit 1 ;; esac')


ARGO = load("argo/argo_dag-disable-fail-fast.yaml")
ENDED = ARGO["status"]["phase"]


def running_workflow() -> dict[str, Any]:
    """The workflow as its exit hook sees it: still running, with the hook among its nodes."""
    name = ARGO["metadata"]["name"]
    hook = {"displayName": "send", "type": "Pod", "phase": "Running", "startedAt": "2026-01-31T22:00:00Z"}
    nodes = {
        **ARGO["status"]["nodes"],
        "h1": {**hook, "id": "h1", "name": f"{name}.hooks.exit"},
        "h2": {**hook, "id": "h2", "name": f"{name}.onExit[0].send"},
    }
    return {**ARGO, "status": {**ARGO["status"], "phase": "Running", "finishedAt": None, "nodes": nodes}}


def argo(folder: Path) -> subprocess.CompletedProcess[str]:
    [template] = documents("argo/runfolio.yaml")[0]["spec"]["templates"]
    kubectl(folder, {"workflows.argoproj.io": running_workflow()})
    return shell(folder, template["script"]["source"], WORKFLOW="retries", NAMESPACE="flows", PHASE=ENDED)


def test_argos_hook_sends_the_workflow_as_it_ends(gateway: Peer, tmp_path: Path) -> None:
    done = argo(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    sent, recorded = converted("argo", gateway.event()), converted("argo", ARGO)
    assert outline(sent) == outline(recorded)
    assert sent["execution"]["status"] == recorded["execution"]["status"]
    assert (gateway.posted[0].path, gateway.posted[0].token) == ("/v1/engines/argo/events", "Bearer a-token")
    assert "retries --namespace flows" in (tmp_path / "asked").read_text()


def test_argos_hook_fails_where_the_gateway_refuses(gateway: Peer, tmp_path: Path) -> None:
    gateway.refusals = [Answer(401, {"detail": "Send a token."})]
    done = argo(tmp_path)
    assert done.returncode != 0
    assert "Send a token." in done.stdout


RUN = load("tekton/dashboard_pipelineRun.json")
TASKS = load("tekton/dashboard_taskRuns.json")
TASKS = TASKS["items"] if isinstance(TASKS, dict) else TASKS


def tekton(folder: Path, status: str) -> subprocess.CompletedProcess[str]:
    own = {**TASKS[0], "metadata": {**TASKS[0]["metadata"], "name": "sender"}, "status": {}}
    condition = {"type": "Succeeded", "status": "Unknown", "reason": "Running"}
    run = {**RUN, "status": {**RUN["status"], "completionTime": None, "conditions": [condition]}}
    kubectl(folder, {"pipelineruns.tekton.dev": run, "taskruns.tekton.dev": {"items": [*TASKS, own]}})
    [step] = documents("tekton/runfolio.yaml")[0]["spec"]["steps"]
    return shell(folder, step["script"], PIPELINERUN="run", NAMESPACE="ci", STATUS=status, SELF="sender")


@pytest.mark.parametrize(
    ("status", "told"), [("Failed", "failed"), ("Succeeded", "succeeded"), ("Completed", "succeeded")]
)
def test_tektons_finally_task_sends_the_run_with_its_tasks(
    gateway: Peer, tmp_path: Path, status: str, told: str
) -> None:
    done = tekton(tmp_path, status)
    assert (done.returncode, done.stderr) == (0, "")
    sent = converted("tekton", gateway.event())
    recorded = converted("tekton", {"pipelineRun": RUN, "taskRuns": TASKS})
    assert outline(sent) == outline(recorded)
    assert sent["execution"]["status"] == told


HISTORY = load("temporal/ui_completed-event-history.json")


def temporal(folder: Path, refused: str = "") -> subprocess.CompletedProcess[str]:
    listed = [{"execution": {"workflowId": f"order {number}", "runId": f"run-{number}"}} for number in range(3)]
    (folder / "list.json").write_text(json.dumps(listed))
    (folder / "history.json").write_text(json.dumps(HISTORY))
    program(
        folder,
        "temporal",
        f'echo "$@" >> {folder}/asked; cat {folder}/$(test "$2" = list && echo list || echo history).json',
    )
    # The command itself is tested elsewhere; here it is enough to see what it is given.
    program(folder, "runfolio", f'echo "$@" >> {folder}/sent; cat > {folder}/event.json; {refused}')
    return shell(folder, [str(INTEGRATIONS / "temporal" / "send-closed.sh"), "2026-01-31T22:00:00Z"])


def test_every_closed_workflow_of_temporal_is_sent(gateway: Peer, tmp_path: Path) -> None:
    done = temporal(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert "CloseTime >= '2026-01-31T22:00:00Z'" in asked[0]
    assert [line for line in asked if "show" in line] == [
        f"workflow show --workflow-id order {number} --run-id run-{number} --output json" for number in range(3)
    ]
    assert (tmp_path / "sent").read_text().splitlines() == ["send --engine temporal -"] * 3
    sent = converted("temporal", json.loads((tmp_path / "event.json").read_text()))
    assert outline(sent) == outline(converted("temporal", HISTORY))
    assert gateway.posted == []


def test_a_workflow_of_temporal_that_is_refused_is_named(tmp_path: Path) -> None:
    done = temporal(tmp_path, "exit 1")
    assert done.returncode == 1
    assert "order 2 (run-2) was not sent." in done.stderr
