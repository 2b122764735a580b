"""n8n's hook in a real Node, with executions that n8n handed to hooks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.wiring.listening import Answer, Peer
from tests.unit.producer.engines.payloads import converted, load, outline

HOOK = Path(__file__).parents[3] / "integrations" / "n8n" / "runfolio-hook.js"
RECORDED = [f"n8n/webhook_n8n-hook-postExecute_{number}.json" for number in range(1, 5)]

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


def call(event: Any, before: str = "") -> str:
    """Call the hook as n8n does, and return what it wrote to the log."""
    script = f"""
      const event = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      const [hook] = require({json.dumps(str(HOOK))}).workflow.postExecute;
      {before}
      if (hook(event.runData, event.workflow, event.executionId) !== undefined) throw new Error('it waits');
    """
    done = subprocess.run(  # noqa: S603 # the test's own script
        [shutil.which("node") or "node", "-e", script],
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_sent_converts_as_what_was_recorded(gateway: Peer, name: str) -> None:
    event = load(name)
    assert call(event) == ""
    sent, recorded = converted("n8n", gateway.event()), converted("n8n", event)
    assert outline(sent) == outline(recorded)
    for part in ("input", "output", "error"):
        assert [step.get(part) for step in sent["steps"]] == [step.get(part) for step in recorded["steps"]]
    assert (gateway.posted[0].path, gateway.posted[0].token) == ("/v1/engines/n8n/events", "Bearer a-token")


def test_errors_cycles_and_large_integers_are_written(gateway: Peer) -> None:
    odd = """
      const error = new TypeError('broken'); error.itself = error; error.run = event.runData;
      event.runData.data.resultData.error = error; event.runData.count = 2n ** 70n;
    """
    assert call(load(RECORDED[0]), odd) == ""
    run = gateway.event()["runData"]
    told = run["data"]["resultData"]["error"]
    assert (told["message"], told["name"], told["itself"], told["run"]) == (
        "broken",
        "TypeError",
        "[circular]",
        "[circular]",
    )
    assert run["count"] == str(2**70)


def test_an_event_that_is_too_large_goes_without_outputs(gateway: Peer) -> None:
    event = load(RECORDED[0])
    large = """
      for (const runs of Object.values(event.runData.data.resultData.runData))
        runs[0].data = { main: [[{ json: { text: 'x'.repeat(8_000_000) } }]] };
    """
    assert call(event, large) == ""
    sent = gateway.event()
    assert "more than 15000000 bytes" in sent["left_out"]
    assert outline(converted("n8n", sent)) == outline(converted("n8n", event))


@pytest.mark.parametrize("status", ["waiting", "running", "new"])
def test_what_has_not_ended_is_not_sent(gateway: Peer, status: str) -> None:
    event = load(RECORDED[0])
    event["runData"]["status"] = status
    assert call(event) == ""
    assert gateway.posted == []


def test_a_busy_gateway_is_asked_again(gateway: Peer) -> None:
    gateway.refusals = [Answer(503)]
    assert call(load(RECORDED[0])) == ""
    assert len(gateway.posted) == 1


def test_a_refusal_is_logged_and_throws_nothing(gateway: Peer) -> None:
    gateway.refusals = [Answer(403, {"detail": "The token may not do that."})]
    told = call(load(RECORDED[0]))
    assert "was not sent to Runfolio: 403" in told
    assert "The token may not do that." in told
    assert "a-token" not in told
