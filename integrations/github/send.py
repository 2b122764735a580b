"""Sends a completed run of GitHub Actions to Runfolio, with its jobs and their logs: what the action beside it runs.

It runs on GitHub's runners with the Python that they have, so it needs the standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

MOST_BYTES: Final = 15_000_000
"""Size of an event; a gateway takes 16 MiB unless it is set otherwise."""
MOST_LOG_BYTES: Final = 1_000_000
"""Size of a job's log; of a longer one, the end is sent."""

_PAGE: Final = 100
_SECONDS: Final = 300.0


def main() -> None:
    """Collect the run that the environment names, and send it."""
    deadline = time.monotonic() + _SECONDS
    event = collect(os.environ["GITHUB_REPOSITORY"], os.environ["RUN_ID"], os.environ.get("RUN_ATTEMPT") or "1")
    post("github", event, deadline)
    print(f"Sent {event['workflow_run'].get('html_url')} with {len(event['jobs'])} jobs.")  # noqa: T201 # the step's log


def collect(repository: str, run_id: str, attempt: str) -> dict[str, Any]:
    """Collect what GitHub's API tells of an attempt of a run. Raises OSError."""
    run = f"/repos/{repository}/actions/runs/{run_id}/attempts/{attempt}"
    event: dict[str, Any] = {"workflow_run": json.loads(_read(run, MOST_BYTES)), "jobs": list(_jobs(run)), "logs": {}}
    left = MOST_BYTES - len(json.dumps(event))
    for job in event["jobs"]:
        log = _log(f"/repos/{repository}/actions/jobs/{job['id']}/logs", min(MOST_LOG_BYTES, left // 2))
        if log is not None:
            event["logs"][str(job["id"])] = log
            left -= len(json.dumps(log))
    return event


def _jobs(run: str) -> Iterator[Any]:
    for page in range(1, 1000):
        answer = json.loads(_read(f"{run}/jobs?per_page={_PAGE}&page={page}", MOST_BYTES))
        yield from answer["jobs"]
        if page * _PAGE >= answer["total_count"]:
            return


def _log(path: str, most: int) -> str | None:
    """Read a job's log; of a job that was skipped, and of a log that has expired, there is none."""
    try:
        text = _read(path, None)
    except OSError as error:
        print(f"{path}: {error}", file=sys.stderr)  # noqa: T201 # the step's log
        return None
    if len(text) <= most:
        return text.decode(errors="replace")
    return f"[{len(text) - most} bytes left out by the sender]\n" + text[len(text) - most :].decode(errors="replace")


def _read(path: str, most: int | None) -> bytes:
    request = urllib.request.Request(  # noqa: S310 # the address is GitHub's own setting
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + path,
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    )
    # A log's address leads to another host, which is not to see the token.
    request.add_unredirected_header("Authorization", f"Bearer {os.environ['GITHUB_TOKEN']}")
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 # as above
        body: bytes = answer.read(most)
    return body


def post(engine: str, event: Any, deadline: float) -> None:
    """Post an event to the gateway, until the deadline again where it is away or busy. Raises RuntimeError."""
    address = f"{os.environ['RUNFOLIO_URL'].rstrip('/')}/v1/engines/{engine}/events"
    query = os.environ.get("RUNFOLIO_QUERY")
    headers = {"Authorization": f"Bearer {os.environ['RUNFOLIO_TOKEN']}", "Content-Type": "application/json"}
    body = json.dumps(event).encode()
    request = urllib.request.Request(f"{address}?{query}" if query else address, body, headers)  # noqa: S310 # the user's setting
    while True:
        try:
            with urllib.request.urlopen(request, timeout=max(deadline - time.monotonic(), 5.0)):  # noqa: S310 # as above
                return
        except OSError as error:
            if getattr(error, "code", 503) not in {429, 503} or time.monotonic() > deadline - 2:
                told = error.read(2000).decode(errors="replace") if hasattr(error, "read") else ""
                raise RuntimeError(f"{error} {told}".strip()) from None
            time.sleep(2)


if __name__ == "__main__":
    main()
