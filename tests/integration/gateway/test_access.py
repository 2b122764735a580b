"""Who may do what by a token or a signature: every route, walked, so that none can be forgotten."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from producer.access.tokens import Scope, token_digest
from tests.integration.gateway.examples import NDJSON, STRUCTURED, completed, path_of, step, unique
from tests.integration.gateway.matrix import (
    BEARER_ALONE,
    LOGOUT,
    OF_ALL_WORKFLOWS,
    WITHOUT_WORKFLOW,
    Known,
    known_execution,
    make,
    protected,
)
from tests.integration.gateway.site import Site
from tests.integration.gateway.visitors import visiting

pytestmark = pytest.mark.integration


@pytest.fixture(name="known", scope="module")
def exported_execution(site: Site) -> Known:
    return known_execution(site)


def test_every_route_is_open_on_purpose_or_in_the_matrix(site: Site, known: Known) -> None:
    assert {*protected(site.app)} == {*known.calls, *known.pages, BEARER_ALONE, LOGOUT}


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer rf_" + "x" * 43, "bearer a b"]
)
def test_without_a_good_token_every_route_is_401(site: Site, known: Known, authorization: str | None) -> None:
    with httpx.Client(base_url=site.url) as client:
        for call in known.calls.values():
            answer = make(client, call, **({} if authorization is None else {"Authorization": authorization}))
            assert answer.status_code == 401, call
            assert answer.headers["www-authenticate"].startswith("Bearer"), call
            assert answer.headers["content-type"] == "application/problem+json", call


def test_a_foreign_workflow_is_404_everywhere(site: Site, known: Known) -> None:
    with site.with_token("ingest,read,export,delete", "other:*") as client:
        for template, call in known.calls.items():
            if template in WITHOUT_WORKFLOW:
                continue
            answer = make(client, call)
            assert (answer.status_code, answer.json()["status"]) == (404, 404), call


def test_lists_hold_only_what_may_be_seen(site: Site, known: Known) -> None:
    mine = completed(f"other:{unique()}")
    export = site.ready(mine)
    with site.with_token("read", "other:*") as client:
        workflows = {one["id"] for one in client.get("/v1/workflows", params={"limit": 200}).json()["items"]}
        exports = [one["id"] for one in client.get("/v1/exports", params={"limit": 200}).json()["items"]]
        of_all = [make(client, known.calls[template]).status_code for template in OF_ALL_WORKFLOWS]

    assert mine["data"]["workflow"]["id"] in workflows
    assert all(one.startswith("other:") for one in workflows)
    assert export["id"] in exports
    assert known.export["id"] not in exports
    assert of_all == [403, 403]


def test_a_missing_scope_is_403_everywhere(site: Site, known: Known) -> None:
    for template, call in known.calls.items():
        others = {scope.value for scope in Scope} - {call.scope}
        if call.path.startswith("/v1/exports"):
            others -= {"ingest"}  # It opens one's own exports, which is another test.
        with site.with_token(",".join(others)) as client:
            answer = make(client, call)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:runfolio:problem:forbidden"), template
        assert call.scope in answer.json()["detail"]


def test_one_scope_is_enough_for_each_route(site: Site, known: Known) -> None:
    for template, call in known.calls.items():
        if call.method == "DELETE":
            continue
        with site.with_token(call.scope) as client:
            answer = make(client, call)
        assert answer.status_code in {200, 202} or template[1].startswith("/v1/engines"), (template, answer.text)


def test_an_ingest_token_reads_its_own_exports_and_no_others(site: Site, known: Known) -> None:
    with site.with_token("ingest") as sender:
        own = site.send(completed(), sender).json()["exports"][0]["id"]
        assert sender.get(f"/v1/exports/{own}", params={"wait": 20}).json()["status"] == "ready"
        assert sender.get(f"/v1/exports/{own}/events").status_code == 200
        assert [one["id"] for one in sender.get("/v1/exports", params={"limit": 200}).json()["items"]] == [own]
        assert sender.get(f"/v1/exports/{own}/manifest").status_code == 403
        assert sender.delete(f"/v1/exports/{own}").status_code == 403
        assert sender.get(f"/v1/exports/{own}/deliveries").json() == {"items": [], "callbacks": []}
        assert sender.post(f"/v1/exports/{own}/deliveries").status_code == 403
        for path in ("", "/events", "/deliveries"):
            assert sender.get(f"/v1/exports/{known.export['id']}{path}").status_code == 403


def test_a_token_that_was_revoked_or_has_expired_is_401_at_once(site: Site) -> None:
    name = unique("token")
    token = site.tokens.create(name, [Scope.READ], ["*"])
    late = site.tokens.create(unique("late"), [Scope.READ], ["*"], datetime.now(UTC) - timedelta(seconds=1))

    def status(value: str) -> int:
        return httpx.get(f"{site.url}/v1/workflows", headers={"Authorization": f"Bearer {value}"}).status_code

    assert status(token) == 200
    site.tokens.revoke(name)
    assert (status(token), status(late)) == (401, 401)


class Engine(NamedTuple):
    name: str
    secret: str

    def headers(self, body: bytes, *, at: datetime | None = None) -> dict[str, str]:
        moment = at or datetime.now(UTC)
        signature = Webhook(self.secret).sign("msg_1", moment, body.decode())
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }


@pytest.fixture(name="engine", scope="module")
def signing_engine(site: Site) -> Engine:
    name = unique("engine")
    return Engine(name, site.tokens.create_webhook_secret(name, [Scope.INGEST], ["signed:*"]))


def big_stream(workflow_id: str, execution_id: str) -> bytes:
    event = completed(workflow_id, execution_id)
    data = {name: value for name, value in event["data"].items() if name != "steps"}
    steps = (step(f"s{number}", output="x" * 1000) for number in range(3000))
    return b"".join(json.dumps(line).encode() + b"\n" for line in [data, *steps])


def test_an_engine_signs_its_events(site: Site, engine: Engine) -> None:
    body = json.dumps(completed(f"signed:{unique()}")).encode()

    answer = httpx.post(f"{site.url}/v1/events", content=body, headers={**STRUCTURED, **engine.headers(body)})

    assert answer.status_code == 202, answer.text
    assert len(answer.json()["exports"]) == 1


def test_an_engine_signs_a_large_stream(site: Site, engine: Engine) -> None:
    workflow_id, execution_id = f"signed:{unique()}", unique()
    body = big_stream(workflow_id, execution_id)
    path = f"/v1/workflows/{quote(workflow_id)}/executions/{execution_id}"

    def send(headers: dict[str, str]) -> httpx.Response:
        return httpx.post(f"{site.url}/v1/events", content=body, headers={**NDJSON, **headers}, timeout=30)

    wrong = send({**engine.headers(body), **engine.headers(body + b"\n")})
    seen = site.client.get(path).status_code
    left = [one.key for one in site.objects.list("executions/") if quote(workflow_id, safe="") in one.key]
    right = send(engine.headers(body))

    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:runfolio:problem:unauthenticated")
    assert (seen, left) == (404, [])
    assert right.status_code == 202, right.text
    assert site.client.get(path).json()["step_count"] == 3000


@pytest.mark.parametrize("path", ["/v1/events", "/v1/engines/n8n/events"], ids=["event", "engine"])
def test_nothing_is_made_of_a_body_before_its_signature_matched(site: Site, engine: Engine, path: str) -> None:
    headers = {**STRUCTURED, **engine.headers(b"another")}

    answer = httpx.post(f"{site.url}{path}", content=b"no JSON at all", headers=headers)

    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("kind", ["old", "malformed", "foreign", "unsigned"])
def test_a_wrong_signature_is_refused_and_stores_nothing(site: Site, engine: Engine, kind: str) -> None:
    event = completed(f"{'foreign' if kind == 'foreign' else 'signed'}:{unique()}")
    body = json.dumps(event).encode()
    headers = {
        "old": engine.headers(body, at=datetime.now(UTC) - timedelta(minutes=6)),
        "malformed": {**engine.headers(body), "webhook-signature": "v1,AAAA"},
        "foreign": engine.headers(body),
        "unsigned": {},
    }[kind]

    answer = httpx.post(f"{site.url}/v1/events", content=body, headers={**STRUCTURED, **headers})

    assert answer.status_code == (404 if kind == "foreign" else 401)
    assert site.client.get(path_of(event)).status_code == 404


def test_no_answer_holds_a_secret_of_the_tokens_file(site: Site, known: Known, engine: Engine) -> None:
    stored = json.loads(site.tokens_file.read_text())
    secrets = {one.get("sha256") or one["webhook_secret"] for one in stored} | {engine.secret, site.token}

    for call in known.calls.values():
        if call.method == "GET":
            text = make(site.client, call).text
            assert not any(secret in text for secret in secrets), call
    with visiting(site) as person:
        secrets |= {person.token, person.cookie, token_digest(person.token)}
        for path in [*known.pages.values(), "/login"]:
            text = person.client.get(path).text
            assert not any(secret in text for secret in secrets), path
    for path in ("/docs", "/openapi.json", "/readyz"):
        text = site.client.get(path).text
        assert not any(secret in text for secret in secrets), path
