"""Executions that the pages are looked at with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from producer.contract.callbacks import entries
from tests.fakes import Receiver
from tests.integration.gateway.examples import completed, step, unique
from tests.integration.gateway.examples import path_of as api_path_of
from tests.integration.gateway.site import Site, eventually

BEGIN: Final = datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
LONG_INPUT: Final = "Write a report on the sales of the northern region. " * 20 + "That is all."

REPORT: Final = """## Sales

The **north** grew.

| Region | Growth |
| --- | --- |
| North | 12 % |

- [x] checked
"""


def moment(begin: datetime, seconds: float) -> str:
    """A time some seconds after another."""
    return (begin + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def at(seconds: float) -> str:
    """A time of the execution."""
    return moment(BEGIN, seconds)


def assistant_steps(begin: datetime = BEGIN) -> list[dict[str, Any]]:
    """Six runs of five steps, one of which fails."""

    def at(seconds: float) -> str:
        return moment(begin, seconds)

    return [
        step(
            "Draft",
            started_at=at(0),
            finished_at=at(21),
            description="Write a first version.",
            input={"topic": "sales", "words": 300},
            output=REPORT,
        ),
        step("Review", started_at=at(21), finished_at=at(30), output="Too long."),
        step("Rewrite", started_at=at(30), finished_at=at(52), output="The north grew by 12 %."),
        step(
            "Review",
            started_at=at(52),
            finished_at=at(58),
            output="Good.",
            children=[{"name": "Thought", "kind": "thought", "output": "It reads *well*."}],
        ),
        step(
            "Publish",
            "failed",
            started_at=at(58),
            finished_at=at(60),
            error="mailbox full",
            log="\x1b[31mno\x1b[0m room",
        ),
        step("Clean up", "skipped"),
    ]


def assistant(name: str = "Virtual assistant", execution_id: str | None = None, **execution: Any) -> dict[str, Any]:
    """An execution as an assistant's engine reports it, in a workflow of its own; stored, and not exported yet."""
    event = completed(
        f"codemie:{unique('assistant')}",
        execution_id,
        workflow_name=name,
        steps=assistant_steps(),
        status="failed",
        export=[],
    )
    event["data"]["execution"].update(
        {
            "started_at": at(0),
            "finished_at": at(60),
            "triggered_by": "ann@example.org",
            "input": "Write a report on the sales.",
            "output": "The **report**.",
            "url": "https://engine.example/runs/17",
            **execution,
        }
    )
    return event


def stored(web: Site, event: dict[str, Any]) -> dict[str, Any]:
    """Send an execution, and return it."""
    answer = web.send(event)
    assert answer.status_code == 202, answer.text
    return event


def page_of(event: dict[str, Any]) -> str:
    """The path of an execution's page, for ids that need no encoding but their colon."""
    data = event["data"]
    return f"{workflow_page_of(event)}/executions/{data['execution']['id']}"


def workflow_page_of(event: dict[str, Any]) -> str:
    """The path of its workflow's page."""
    return f"/workflows/{event['data']['workflow']['id'].replace(':', '%3A')}"


def called_back(web: Site, *receivers: Receiver) -> str:
    """Export an execution of which receivers are told, and return the execution's id."""
    event = assistant()
    event["data"]["export"] = {}
    export = web.ready(event)
    for receiver in receivers:
        web.client.post(f"{api_path_of(event)}/exports", json={"callback_url": receiver.url("/T0/hunter2")})
    eventually(lambda: all(one["attempts"] for one in tell(web, export["id"])))
    return str(event["data"]["execution"]["id"])


def tell(web: Site, export_id: str) -> list[dict[str, Any]]:
    """Let whatever waits be told, as a callback worker does, and return how all of it stands."""
    callbacks = web.worker.parts.callbacks
    assert callbacks is not None
    for entry in entries(web.objects, export_id):
        callbacks.process(export_id, entry.name)
    standing: list[dict[str, Any]] = web.client.get(f"/v1/exports/{export_id}/deliveries").json()["callbacks"]
    return standing
