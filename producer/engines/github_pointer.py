"""Payloads of GitHub that name a workflow run and hold no jobs, which its API has."""

from __future__ import annotations

import re
from typing import Any, Final

from producer.engines.adapter import Pointed
from producer.engines.bare import named

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}", re.ASCII)


def points(payload: Any) -> Pointed | None:
    """Tell which attempt of which run a payload without jobs names."""
    if not isinstance(payload, dict) or payload.get("jobs") is not None:
        return None
    inner = payload.get("workflow_run")
    run = inner if isinstance(inner, dict) else payload
    if "workflow_id" not in run or "conclusion" not in run:
        return None
    repository, run_id = _repository(payload) or _repository(run), named(run.get("id"))
    if repository is None or run_id is None:
        return None
    return Pointed({"repository": repository, "run": run_id, "attempt": named(run.get("run_attempt")) or "1"})


def _repository(payload: dict[str, Any]) -> str | None:
    repository = payload.get("repository")
    name = repository.get("full_name") if isinstance(repository, dict) else None
    if not isinstance(name, str) or not _REPOSITORY.fullmatch(name) or {".", ".."} & {*name.split("/")}:
        return None
    return name
