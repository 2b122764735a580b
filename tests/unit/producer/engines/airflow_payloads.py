"""DAG runs of Airflow for tests, put together as a listener plugin collects them."""

from __future__ import annotations

from typing import Any

from tests.unit.producer.engines.payloads import converted, load


def collected(name: str) -> dict[str, Any]:
    """Put together what the API answered about one run."""
    return {
        "dag_run": load(f"airflow/run_{name}_dagRun.json"),
        "task_instances": load(f"airflow/run_{name}_taskInstances.json"),
        "tries": load(f"airflow/run_{name}_tries.json"),
        "xcom": load(f"airflow/run_{name}_xcom_return_value.json"),
        "logs": load(f"airflow/run_{name}_logs.json"),
    }


def steps_of(payload: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = converted("airflow", payload)["steps"]
    return steps


def step_of(payload: Any, name: str, iteration: int | None = None) -> dict[str, Any]:
    [step] = [step for step in steps_of(payload) if step["name"] == name and step.get("iteration") == iteration]
    return step
