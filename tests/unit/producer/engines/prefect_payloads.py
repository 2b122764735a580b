"""Flow runs of Prefect for tests, put together from the API's answers."""

from __future__ import annotations

from typing import Any

from tests.unit.producer.engines.payloads import converted, load

_PARTS = ("flow_run", "flow_run_states", "task_runs", "task_run_states", "logs", "artifacts")


def collected(name: str) -> dict[str, Any]:
    """Put together what the API answered about one flow run."""
    parts = {part: load(f"prefect/run_{name}_{part}.json") for part in _PARTS}
    [flow] = [flow for flow in load("prefect/run_flows_filter.json") if flow["id"] == parts["flow_run"]["flow_id"]]
    return {"flow": flow, **parts}


def steps_of(payload: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = converted("prefect", payload)["steps"]
    return steps


def step_of(payload: Any, name: str, iteration: int | None = None) -> dict[str, Any]:
    [step] = [step for step in steps_of(payload) if step["name"] == name and step.get("iteration") == iteration]
    return step
