"""Executions of n8n for tests, and ways to single out a step."""

from __future__ import annotations

from typing import Any

from tests.unit.producer.engines.payloads import converted, load

ORDER = load("n8n/run_api_execution_3_order_success.json")
FAILED = load("n8n/run_api_execution_6_order_error.json")
CLI = load("n8n/run_api_execution_1_cli_success.json")
HOOK = load("n8n/webhook_n8n-hook-postExecute_1.json")
ERROR_EVENT = load("n8n/webhook_n8n-error-workflow_2.json")


def steps_of(payload: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = converted("n8n", payload)["steps"]
    return steps


def step_of(payload: Any, name: str, iteration: int | None = 1) -> dict[str, Any]:
    [step] = [s for s in steps_of(payload) if s["name"] == name and s.get("iteration") == iteration]
    return step
