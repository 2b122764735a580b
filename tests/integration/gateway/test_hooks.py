"""Webhooks of GitHub and GitLab, which prove their sender in their own ways, at a real gateway."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from producer.access.tokens import Scope
from tests.integration.gateway.examples import unique
from tests.integration.gateway.site import Site
from tests.unit.producer.engines.payloads import load

pytestmark = pytest.mark.integration

JSON = {"Content-Type": "application/json"}


@pytest.fixture(name="secret", scope="module")
def hook_secret(site: Site) -> str:
    return site.tokens.create_webhook_secret(unique("hook"), [Scope.INGEST], ["github:*", "gitlab:*"])


def github_headers(secret: str, body: bytes, event: str = "workflow_run") -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {**JSON, "X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={signature}"}


def gitlab_headers(secret: str, event: str = "Pipeline Hook") -> dict[str, str]:
    return {**JSON, "X-Gitlab-Event": event, "X-Gitlab-Token": secret}


def post(site: Site, engine: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{site.url}/v1/engines/{engine}/events", content=body, headers=headers)


def run_of_github() -> dict[str, Any]:
    payload: dict[str, Any] = load("github/workflow_run_completed.payload.json")
    return {**payload, "workflow_run": {**payload["workflow_run"], "workflow_id": unique()}}


def pipeline_of_gitlab() -> dict[str, Any]:
    payload: dict[str, Any] = load("gitlab/webhook_pipeline.json")
    return {**payload, "project": {**payload["project"], "id": unique()}}


def deliveries(secret: str) -> Iterator[tuple[str, bytes, dict[str, str], str]]:
    """One delivery of each engine, with the id of its workflow."""
    run, pipeline = run_of_github(), pipeline_of_gitlab()
    body = json.dumps(run).encode()
    yield "github", body, github_headers(secret, body), f"github:{run['workflow_run']['workflow_id']}"
    body = json.dumps(pipeline).encode()
    yield "gitlab", body, gitlab_headers(secret), f"gitlab:{pipeline['project']['id']}"


def executions(site: Site, workflow_id: str) -> int:
    return len(site.client.get(f"/v1/workflows/{workflow_id}/executions").json()["items"])


def test_a_webhook_proves_its_sender_and_is_exported(site: Site, secret: str) -> None:
    for engine, body, headers, workflow_id in deliveries(secret):
        answer = post(site, engine, body, headers)
        assert answer.status_code == 202, answer.text
        assert [one["workflow"]["id"] for one in answer.json()["exports"]] == [workflow_id]
        assert executions(site, workflow_id) == 1


def test_a_wrong_proof_is_401_and_stores_nothing(site: Site, secret: str) -> None:
    for engine, body, headers, workflow_id in deliveries(secret):
        wrong = github_headers(secret + "x", body) if engine == "github" else gitlab_headers(secret + "x")
        answers = [
            post(site, engine, body, wrong),
            post(site, engine, body + b" ", headers) if engine == "github" else post(site, engine, body, JSON),
            post(site, "n8n", body, headers),
            httpx.post(f"{site.url}/v1/events", content=body, headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [401] * 4, [answer.text for answer in answers]
        assert executions(site, workflow_id) == 0


def test_nothing_is_made_of_a_body_before_its_proof(site: Site, secret: str) -> None:
    wrong = github_headers(secret, b"another")
    assert post(site, "github", b"no JSON at all", wrong).status_code == 401
    assert post(site, "gitlab", b"no JSON at all", gitlab_headers("wrong")).status_code == 401


def test_a_secret_sends_what_its_globs_match_and_needs_the_scope(site: Site) -> None:
    foreign = site.tokens.create_webhook_secret(unique("hook"), [Scope.INGEST], ["other:*"])
    reader = site.tokens.create_webhook_secret(unique("hook"), [Scope.READ], ["*"])
    for secret, status in ((foreign, 404), (reader, 403)):
        for engine, body, headers, workflow_id in deliveries(secret):
            assert post(site, engine, body, headers).status_code == status, (engine, status)
            assert executions(site, workflow_id) == 0


def test_a_revoked_secret_proves_nothing(site: Site) -> None:
    name = unique("hook")
    secret = site.tokens.create_webhook_secret(name, [Scope.INGEST], ["*"])
    site.tokens.revoke(name)
    assert [post(site, engine, body, headers).status_code for engine, body, headers, _ in deliveries(secret)] == [
        401,
        401,
    ]


def test_expected_deliveries_without_an_end_are_2xx_and_make_no_export(site: Site, secret: str) -> None:
    ping = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
    started = json.dumps({**run_of_github(), "action": "requested"}).encode()
    pipeline = pipeline_of_gitlab()
    running = json.dumps(
        {**pipeline, "object_attributes": {**pipeline["object_attributes"], "status": "running"}}
    ).encode()
    answers = [
        post(site, "github", ping, github_headers(secret, ping, "ping")),
        post(site, "github", started, github_headers(secret, started)),
        post(site, "gitlab", running, gitlab_headers(secret)),
        post(site, "gitlab", b"{}", gitlab_headers(secret, "Push Hook")),
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"exports": []})] * 4
    assert post(site, "github", ping, github_headers("wrong", ping, "ping")).status_code == 401


def test_what_is_sent_by_hand_is_still_refused_while_it_runs(site: Site) -> None:
    unfinished = {**run_of_github(), "action": "requested"}
    unfinished["workflow_run"] = {**unfinished["workflow_run"], "status": "in_progress"}
    answer = site.client.post("/v1/engines/github/events", json=unfinished)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:runfolio:problem:not-completed")
