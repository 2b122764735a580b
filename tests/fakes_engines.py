"""Stand-ins for the APIs of engines: real HTTP servers on loopback that answer what the engines were recorded to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from producer.contract import jsontext
from tests.fakes import Received, Receiver, Reply
from tests.unit.producer.engines.payloads import load

KEY: Final = "secret-of-the-engine"
NOT_FOUND: Final = Reply(404, body=b'{"detail": "not found"}')
REFUSED: Final = Reply(401, body=b'{"message": "unauthorized"}')


class Asked:
    """A request, taken apart: the path's segments are decoded."""

    def __init__(self, request: Received) -> None:
        parts = urlsplit(request.path)
        self.raw = parts.path
        self.path = tuple(unquote(segment) for segment in parts.path.split("/")[1:])
        self.query = dict(parse_qsl(parts.query))
        self.headers = request.headers
        self.method = request.method
        self.body: Any = jsontext.decode(request.body) if request.body else None


Api = Callable[[Asked], Any]
"""What an engine answers: a Reply, a value that is written as JSON, or None for what is not there."""


class EngineServer(Receiver):
    """One engine. ``before`` may answer in its place, and is given the request."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self._api = api
        self.before: Callable[[Asked], Reply | None] = lambda _: None
        self.asked: list[Asked] = []

    def answer(self, request: Received) -> Reply:
        """Answer as the engine does."""
        asked = Asked(request)
        self.asked.append(asked)
        instead = self.before(asked)
        if instead is not None:
            return instead
        answer = self._api(asked)
        if isinstance(answer, Reply):
            return answer
        return NOT_FOUND if answer is None else json(answer)


def json(value: Any) -> Reply:
    """Answer a value."""
    return Reply(200, {"Content-Type": "application/json"}, jsontext.encode(value))


def n8n(asked: Asked) -> Any:
    """Answer as n8n's public API: executions 3 and 6 of one workflow, 7 of another."""
    if asked.headers.get("x-n8n-api-key") != KEY:
        return REFUSED
    whole = {"3": "3_order_success", "6": "6_order_error", "7": "7_sub_success"}
    match asked.path:
        case ("api", "v1", "executions", number) if number in whole:
            name = whole[number] if asked.query.get("includeData") == "true" else f"{number}_nodata"
            return load(f"n8n/run_api_execution_{name}.json")
    return None


def airflow(asked: Asked) -> Any:
    """Answer as Airflow's API, with pages of seven rows: the failed run, and the one that succeeded."""
    if asked.path == ("auth", "token"):
        good = asked.body == {"username": "ann", "password": "s3cret"}
        return Reply(201, body=jsontext.encode({"access_token": KEY})) if good else REFUSED
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return REFUSED
    names = {"manual__fail+2026": "failed", "manual__ok": "success"}
    match asked.path:
        case ("api", "v2", "dags", "nightly_import", "dagRuns", run, *rest) if run in names:
            return _of_run(asked, f"airflow/run_{names[run]}", tuple(rest))
    return None


def _of_run(asked: Asked, name: str, rest: tuple[str, ...]) -> Any:
    index = asked.query.get("map_index", "-1")
    answer: Any = None
    match rest:
        case ():
            answer = load(f"{name}_dagRun.json")
        case ("taskInstances",):
            answer = _page(load(f"{name}_taskInstances.json"), "task_instances", asked)
        case ("taskInstances", "~", "xcomEntries"):
            answer = _page(load(f"{name}_xcomEntries_all.json"), "xcom_entries", asked)
        case ("taskInstances", task, "xcomEntries", "return_value"):
            value = load(f"{name}_xcom_return_value.json").get(f"{task}[{index}]")
            answer = None if value is None or "__http_error__" in value else value
        case ("taskInstances", task, "logs", number) if asked.query.get("full_content") == "true":
            answer = load(f"{name}_logs.json").get(f"{task}[{index}]#{number}")
        case ("taskInstances", task, "tries"):
            answer = load(f"{name}_tries.json").get(f"{task}[-1]")
        case ("taskInstances", task, mapped, "tries"):
            answer = load(f"{name}_tries.json").get(f"{task}[{mapped}]")
    return answer


def _page(answer: Mapping[str, Any], name: str, asked: Asked) -> Any:
    start, rows = int(asked.query["offset"]), answer[name]
    return {name: rows[start : start + min(7, int(asked.query["limit"]))], "total_entries": len(rows)}


FLOW_RUN: Final = "741e4051-d007-4e23-bddc-b685e9cd6165"


def prefect(asked: Asked) -> Any:
    """Answer as Prefect's API: the flow run that failed."""
    if asked.headers.get("authorization") not in {f"Bearer {KEY}", "Basic YW5uOnMzY3JldA=="}:
        return REFUSED
    name = "prefect/run_nightly-import_failed_2"
    answer: Any = None
    match asked.path:
        case ("api", "flow_runs", identity) if identity == FLOW_RUN:
            answer = load(f"{name}_flow_run.json")
        case ("api", "flows", identity):
            answer = next((flow for flow in load("prefect/run_flows_filter.json") if flow["id"] == identity), None)
        case ("api", "flow_run_states", "") if asked.query == {"flow_run_id": FLOW_RUN}:
            answer = load(f"{name}_flow_run_states.json")
        case ("api", "task_run_states", ""):
            states = load(f"{name}_task_run_states.json").values()
            wanted = asked.query["task_run_id"]
            answer = next((one for one in states if one[0]["state_details"]["task_run_id"] == wanted), [])
        case ("api", ("task_runs" | "logs" | "artifacts") as kind, "filter") if asked.method == "POST":
            answer = _search(load(f"{name}_{kind}.json"), asked.body)
    return answer


def _search(rows: list[Any], body: Mapping[str, Any]) -> Any:
    if body["limit"] > 200:
        return Reply(422)
    return rows[body["offset"] : body["offset"] + body["limit"]]


RUN: Final = 289782451


def github(blobs: str = "") -> Api:
    """Answer as GitHub's API, with pages of one job; logs lie at ``blobs``."""

    def answer(asked: Asked) -> Any:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return REFUSED
        jobs = load("github/api_list_jobs_for_run.json")
        match asked.path:
            case ("repos", "octo-org", "octo-repo", "actions", "runs", run, "attempts", "1") if run == str(RUN):
                return load("github/workflow_run_completed.payload.json")["workflow_run"]
            case ("repos", "octo-org", "octo-repo", "actions", "runs", run, "attempts", "1", "jobs"):
                page = int(asked.query["page"])
                return {"total_count": len(jobs["jobs"]), "jobs": jobs["jobs"][page - 1 : page]}
            case ("repos", "octo-org", "octo-repo", "actions", "jobs", job, "logs") if blobs:
                return Reply(302, {"Location": f"{blobs}/logs/{quote(job)}?sig=a%2Fb"})
        return None

    return answer


def blob(asked: Asked) -> Any:
    """Answer as the store of GitHub's logs, which is given no credentials."""
    if "authorization" in asked.headers or asked.query != {"sig": "a/b"}:
        return REFUSED
    return Reply(200, body=f"\ufeff2026-01-01T00:00:00Z log of {asked.path[-1]}\n".encode())
