"""The action for GitHub, with what GitHub's API answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.github import send
from tests.integration.wiring.listening import Answer, Peer
from tests.unit.producer.engines.payloads import converted, load

RUN = load("github/workflow_run_completed.payload.json")["workflow_run"]
JOB = load("github/api_list_jobs_for_run.json")["jobs"][0]
JOBS = [{**JOB, "id": 1000 + number, "run_id": RUN["id"], "name": f"job {number}"} for number in range(5)]
RUN_PATH = f"/repos/octo/hello/actions/runs/{RUN['id']}/attempts/1"


@pytest.fixture
def api(gateway: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """GitHub's API, two jobs a page; the log of the last job has expired."""

    def answer(_: str, address: str) -> Answer:
        parts = urlsplit(address)
        if parts.path == RUN_PATH:
            return Answer(200, RUN)
        if parts.path == f"{RUN_PATH}/jobs":
            begin = 2 * (int(parse_qs(parts.query)["page"][0]) - 1)
            return Answer(200, {"total_count": len(JOBS), "jobs": JOBS[begin : begin + 2]})
        if parts.path.endswith("/logs") and "/jobs/1004/" not in parts.path:
            # Where logs lie is another host.
            return Answer(302, headers=(("Location", f"{gateway.url.replace('127.0.0.1', 'localhost')}/blob"),))
        return Answer(200, "naïve log ☕\n".encode() * 100) if parts.path == "/blob" else Answer(410)

    gateway.api = answer
    monkeypatch.setattr(send, "_PAGE", 2)
    settings = {"GITHUB_API_URL": gateway.url, "GITHUB_TOKEN": "a-github-token", "GITHUB_REPOSITORY": "octo/hello"}
    for name, value in {**settings, "RUN_ID": str(RUN["id"]), "RUN_ATTEMPT": "1"}.items():
        monkeypatch.setenv(name, value)
    return gateway


def test_run_jobs_and_logs_arrive(api: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    send.main()
    record = converted("github", api.event())
    assert [step["name"] for step in record["steps"]] == [job["name"] for job in JOBS]
    logs = api.event()["logs"]
    assert set(logs) == {"1000", "1001", "1002", "1003"}
    assert logs["1000"].startswith("naïve log ☕")
    assert "with 5 jobs" in capsys.readouterr().out


def test_the_token_is_for_github_alone(api: Peer) -> None:
    send.main()
    told: dict[str, set[Any]] = {}
    for path, token in api.asked:
        told.setdefault("blob" if path == "/blob" else "api", set()).add(token)
    assert told == {"blob": {None}, "api": {"Bearer a-github-token"}}


def test_of_a_long_log_the_end_is_sent(api: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "MOST_LOG_BYTES", 150)
    send.main()
    assert api.event()["logs"]["1000"].startswith("[1350 bytes left out by the sender]\n")


def test_the_query_goes_along(api: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLIO_QUERY", "format=html&combine=true")
    send.main()
    assert api.event()
    assert api.posted[0].path == "/v1/engines/github/events?format=html&combine=true"
