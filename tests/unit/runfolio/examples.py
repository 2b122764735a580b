"""A small execution in each form that the command line takes."""

from __future__ import annotations

import json
from typing import Any

TIMES = {"started_at": "2025-04-09T14:59:56Z", "finished_at": "2025-04-09T15:00:00Z"}
ARCHIVE = "virtual assistant_2025-04-09_14_59_56_e-1.zip"


def record(**changes: Any) -> dict[str, Any]:
    steps = [
        {"name": "fetch", "status": "succeeded", "output": "# Fetched"},
        {"name": "answer", "status": "failed", "error": "no answer"},
    ]
    header = {
        "workflow": {"id": "w", "name": "virtual assistant"},
        "execution": {"id": "e-1", "status": "failed", **TIMES},
    }
    return {**header, "steps": steps, **changes}


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def as_lines(value: dict[str, Any]) -> bytes:
    header = {name: member for name, member in value.items() if name != "steps"}
    return b"".join(as_json(line) + b"\n" for line in [header, *value["steps"]])


def event(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    attributes = {"specversion": "1.0", "id": "1", "source": "test", "type": "runfolio.execution.completed.v1"}
    return {**attributes, "data": data, **changes}


def export(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a" * 32,
        "status": "queued",
        "workflow": {"id": "a/b", "name": "virtual assistant"},
        "execution": {"id": "e 1", "status": "failed"},
        "options": {"format": "markdown", "combine": False, "include": [], "steps": "all"},
        "progress": {"done": 0, "total": 2},
        "archive": None,
        "download_url": "http://gateway.test/d/token",
        "expires_at": None,
        "error": None,
        "created_at": "2025-04-09T15:00:01Z",
        "ready_at": None,
        **changes,
    }
