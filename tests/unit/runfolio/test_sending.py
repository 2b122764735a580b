from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from producer.contract.errors import Conflict, ExportFailed, Gone, InvalidOptions, RunfolioError, Unavailable
from producer.contract.export import Export
from runfolio import sending
from runfolio.inputs import Engine, open_input
from runfolio.sending import fetch, hand_over, ready
from tests.unit.runfolio.examples import as_json, as_lines, event, export, record
from tests.unit.runfolio.gateways import Scripted, answer, problem, refused


def quiet(_done: int, _total: int) -> None:
    """Tell nobody."""


def export_of(**changes: Any) -> Export:
    return msgspec.convert(export(**changes), Export)


def handed_over(folder: Path, content: bytes, choices: dict[str, Any], engine: Engine | None = None) -> httpx.Request:
    (folder / "input").write_bytes(content)
    gateway = Scripted(answer({"exports": [export()]}, 202))
    with open_input(str(folder / "input"), engine) as source, gateway.client() as client:
        hand_over(client, source, choices, quiet)
    return gateway.requests[0]


def lines_of(request: httpx.Request) -> list[Any]:
    return [json.loads(line) for line in request.content.splitlines()]


@pytest.mark.parametrize("content", [as_json(record()), as_lines(record()), json.dumps(record(), indent=3).encode()])
def test_a_record_is_streamed_with_the_options_on_its_first_line(tmp_path: Path, content: bytes) -> None:
    request = handed_over(tmp_path, content, {"format": "html"})
    header, *steps = lines_of(request)
    assert header == {
        "workflow": record()["workflow"],
        "execution": record()["execution"],
        "export": {"format": "html"},
    }
    assert steps == record()["steps"]
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.headers["ce-type"] == "runfolio.execution.completed.v1"
    assert request.headers["ce-source"] == "runfolio-send"


def test_a_long_stream_arrives_whole(tmp_path: Path) -> None:
    steps = [{"name": f"step {n}", "status": "succeeded", "log": "x" * 1000} for n in range(1000)]
    for form in (as_json, as_lines):
        assert lines_of(handed_over(tmp_path, form(record(steps=steps)), {}))[1:] == steps


def test_numbers_and_unknown_fields_arrive_as_they_were(tmp_path: Path) -> None:
    header = b'{"workflow": {"id": "w"}, "execution": {"id": "e", "status": "failed"}, "big": 12345678901234567890123,'
    content = header + b'\n"steps": [{"name": "a",\n "status": "failed", "n": 1.50}]}'
    first, step = handed_over(tmp_path, content, {}).content.splitlines()
    assert b'"big":12345678901234567890123' in first
    assert b'"n":1.5' in step


def test_the_same_content_and_options_are_the_same_event(tmp_path: Path) -> None:
    def identity(content: bytes, choices: dict[str, Any]) -> str:
        return str(handed_over(tmp_path, content, choices).headers["ce-id"])

    first = identity(as_lines(record()), {})
    assert identity(as_lines(record()), {}) == first
    assert identity(as_lines(record()), {"combine": True}) != first
    assert identity(as_lines(record(extra=1)), {}) != first


def test_options_of_the_record_stay_where_none_are_given(tmp_path: Path) -> None:
    content = as_lines(record(export=[{"format": "html"}]))
    assert lines_of(handed_over(tmp_path, content, {}))[0]["export"] == [{"format": "html"}]
    assert lines_of(handed_over(tmp_path, content, {"combine": True}))[0]["export"] == {"combine": True}


def test_events_keep_their_attributes_and_get_the_options(tmp_path: Path) -> None:
    untouched = as_json(event(record()))
    assert handed_over(tmp_path, untouched, {}).content == untouched
    request = handed_over(tmp_path, untouched, {"steps": "failed"})
    assert request.headers["Content-Type"] == "application/cloudevents+json"
    assert json.loads(request.content) == event(record(export={"steps": "failed"}))
    with pytest.raises(InvalidOptions, match="plain 'data'"):
        handed_over(tmp_path, as_json({"specversion": "1.0", "data_base64": "e30="}), {"steps": "failed"})


def test_a_batch_gives_exports_and_refusals(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(as_json([event(record()), event(record())]))
    bad = {"problem": {"status": 409, "detail": "Running."}}
    gateway = Scripted(answer({"results": [{"exports": [export()]}, bad]}, 202))
    with open_input(str(tmp_path / "input")) as source, gateway.client() as client:
        first, second = hand_over(client, source, {"combine": True}, quiet)
    assert isinstance(first, Export)
    assert isinstance(second, Conflict)
    assert [one["data"]["export"] for one in json.loads(gateway.requests[0].content)] == [{"combine": True}] * 2


def test_a_payload_goes_to_its_engine_with_options_as_query(tmp_path: Path) -> None:
    chosen = {"format": "html", "combine": True, "include": ["manifest", "reader"]}
    request = handed_over(tmp_path, b'{"any": 1}', chosen, Engine("some/engine", "prod"))
    assert request.url.raw_path.startswith(b"/v1/engines/some%2Fengine/events?")
    assert request.url.params.multi_items() == [
        ("format", "html"),
        ("combine", "true"),
        ("include", "manifest"),
        ("include", "reader"),
        ("instance", "prod"),
    ]
    assert request.content == b'{"any": 1}'


def test_waiting_shows_progress_and_survives_a_gateway_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_RETRY_AFTER", 0.0)
    running = export(status="running", progress={"done": 1, "total": 2})
    finished = export(status="ready", progress={"done": 2, "total": 2})
    told: list[tuple[int, int]] = []
    gateway = Scripted(answer(running), refused, problem(503, "unavailable"), answer(finished))
    with gateway.client() as client:
        assert ready(client, export_of(), 60, lambda *at: told.append(at)).status == "ready"
    assert [told[0], told[1], told[-1]] == [(0, 2), (1, 2), (2, 2)]


def test_an_end_that_is_not_ready_is_an_error() -> None:
    failed = {"type": "t", "title": "t", "status": 500, "detail": "The disk is full."}
    with Scripted().client() as client:
        with pytest.raises(ExportFailed, match=r"The disk is full\.") as raised:
            ready(client, export_of(status="failed", error=failed), 60, quiet)
        with pytest.raises(Gone, match="is deleted"):
            ready(client, export_of(status="deleted"), 60, quiet)
        with pytest.raises(Unavailable, match="not ready within 0 s"):
            ready(client, export_of(), 0, quiet)
    assert raised.value.remedy == f"Run 'runfolio retry {'a' * 32}'."


def ready_export(content: bytes, filename: str = "a b.zip") -> Export:
    archive = {"filename": filename, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "files": 1}
    return export_of(status="ready", archive=archive)


def test_an_archive_is_fetched_under_its_name(tmp_path: Path) -> None:
    with Scripted(httpx.Response(200, content=b"archive")).client() as client:
        assert fetch(client, ready_export(b"archive"), tmp_path, quiet).name == "a b.zip"
    assert (tmp_path / "a b.zip").read_bytes() == b"archive"


def test_an_archive_that_arrives_damaged_is_not_kept(tmp_path: Path) -> None:
    with (
        Scripted(httpx.Response(200, content=b"archiv")).client() as client,
        pytest.raises(RunfolioError, match="not the archive"),
    ):
        fetch(client, ready_export(b"archive"), tmp_path, quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_name_from_the_gateway_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with Scripted(httpx.Response(200, content=b"archive")).client() as client:
        path = fetch(client, ready_export(b"archive", "../../evil.zip"), folder, quiet)
    assert path.parent == folder
    assert list(tmp_path.iterdir()) == [folder]
