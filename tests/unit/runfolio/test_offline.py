"""The offline archive: equal, byte for byte, to what the worker's own parts make of the same record."""

from __future__ import annotations

import json
import os
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from producer.contract.drafting import draft
from producer.contract.errors import InvalidOptions, InvalidRecord, NotCompleted, TooLarge
from producer.contract.export import Options, RenderProfile, read_requested
from producer.contract.record import read_header, read_step
from producer.contract.records import Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.redaction.site import SiteRule
from producer.contract.shown import ShownRecord
from producer.incoming import Most
from runfolio.inputs import Engine, open_input
from runfolio.offline import export_offline
from tests.fakes import MemoryObjects
from tests.unit.runfolio.examples import ARCHIVE, as_json, as_lines, event, record
from worker.pages import archive_of

CODEMIE = Path(__file__).parents[3] / "samples" / "codemie-virtual-assistant.json"


def exported(folder: Path, content: bytes, choices: dict[str, Any] | None = None, **options: Any) -> list[Path]:
    folder.mkdir(exist_ok=True)
    (folder / "input").write_bytes(content)
    profile = options.pop("profile", RenderProfile())
    with open_input(str(folder / "input"), options.pop("engine", None)) as source:
        made = export_offline(
            source,
            folder / "out",
            choices or {},
            profile=profile,
            redactor=options.pop("redactor", Redactor()),
            report=lambda _done, _total: None,
            **options,
        )
        return list(made)


def made_by_the_worker(value: dict[str, Any], options: Options) -> bytes:
    header = read_header({name: member for name, member in value.items() if name != "steps"})
    steps = (read_step(step, position) for position, step in enumerate(value["steps"]))
    moment = datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)
    written = Records(MemoryObjects()).write(header, steps, moment=moment, confirm=lambda: datetime.now(UTC))
    pending = draft(
        ShownRecord(written.record, Redactor()),
        options,
        RenderProfile(),
        nonce="",
        download_url="",
        created_at=moment,
        requested_by="",
    )
    return b"".join(archive_of(written.record, pending, lambda _done, _total: None, Redactor()))


@pytest.mark.parametrize(
    "options", [{}, {"format": "html", "combine": True, "include": ["manifest"]}, {"steps": "failed"}]
)
@pytest.mark.parametrize("form", [as_json, as_lines, lambda value: as_json(event(value))])
def test_every_form_makes_the_workers_bytes(tmp_path: Path, form: Any, options: dict[str, Any]) -> None:
    (path,) = exported(tmp_path, form(record()), options)
    assert path == tmp_path / "out" / ARCHIVE
    assert path.read_bytes() == made_by_the_worker(record(), read_requested(options)[0].options)
    assert [entry.name for entry in path.parent.iterdir()] == [ARCHIVE]


def test_a_large_record_makes_the_workers_bytes(tmp_path: Path) -> None:
    steps = [{"name": f"step {n % 7}", "status": "succeeded", "output": "text " * 400} for n in range(300)]
    (path,) = exported(tmp_path, as_lines(record(steps=steps)))
    assert path.read_bytes() == made_by_the_worker(record(steps=steps), Options())
    assert len(zipfile.ZipFile(path).namelist()) == 300


def test_memory_stays_bounded_whatever_the_size(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        folder.mkdir()
        steps = [{"name": f"step {n}", "status": "succeeded", "output": os.urandom(5_000).hex()} for n in range(count)]
        content = as_lines(record(steps=steps))
        steps.clear()
        tracemalloc.start()
        exported(folder, content)
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(200), peak(2_000)
    assert large < small + 4_000_000  # The larger one has 20 MB.


def test_an_engines_payload_is_converted(tmp_path: Path) -> None:
    (path,) = exported(tmp_path, CODEMIE.read_bytes(), engine=Engine("codemie", "prod"))
    assert path.name.startswith("virtual assistant_2025-04-09_11_59_56_")
    assert "finalize_failed.md" in zipfile.ZipFile(path).namelist()


def test_options_of_the_record_count_where_the_user_gave_none(tmp_path: Path) -> None:
    content = as_json(record(export=[{"format": "html"}, {"steps": "failed"}]))
    both = exported(tmp_path, content)
    assert [zipfile.ZipFile(path).namelist() for path in both] == [
        ["fetch_success.html", "answer_failed.html"],
        ["answer_failed.md"],
    ]
    (mine,) = exported(tmp_path, content, {"combine": True})
    assert zipfile.ZipFile(mine).namelist() == [f"{ARCHIVE.removesuffix('.zip')}.md"]
    assert exported(tmp_path, as_json(record(export=[]))) == []


def test_secrets_are_masked(tmp_path: Path) -> None:
    secret = "correct horse battery"
    leaking = [{"name": "fetch", "status": "succeeded", "output": f"password: {secret}"}]
    (path,) = exported(tmp_path, as_lines(record(steps=leaking, secrets=[secret])))
    assert secret.encode() not in zipfile.ZipFile(path).read("fetch_success.md")


def test_a_record_without_times_takes_the_events_or_the_files(tmp_path: Path) -> None:
    timeless = record(execution={"id": "e-1", "status": "failed"})
    (path,) = exported(tmp_path, as_json(event(timeless, time="2020-01-02T03:04:05Z")))
    assert "_2020-01-02_03_04_05_" in path.name
    (tmp_path / "input").write_bytes(as_json(timeless))
    os.utime(tmp_path / "input", (1_000_000_000, 1_000_000_000))
    with open_input(str(tmp_path / "input")) as source:
        (path,) = export_offline(
            source,
            tmp_path / "out",
            {},
            profile=RenderProfile(),
            redactor=Redactor(),
            report=lambda _done, _total: None,
        )
    assert "_2001-09-09_01_46_40_" in path.name


def test_the_time_zone_names_the_archive(tmp_path: Path) -> None:
    (path,) = exported(tmp_path, as_json(record()), profile=RenderProfile(timezone="Asia/Tokyo"))
    assert "_2025-04-09_23_59_56_" in path.name


def test_a_batch_makes_an_archive_for_each_execution(tmp_path: Path) -> None:
    other = record(execution={"id": "e-2", "status": "failed", "started_at": "2025-04-09T14:59:56Z"})
    paths = exported(tmp_path, as_json([event(record()), event(other)]))
    assert [path.name for path in paths] == [ARCHIVE, ARCHIVE.replace("e-1", "e-2")]


def broken() -> Iterator[tuple[bytes, dict[str, Any], type[Exception]]]:
    running = record(execution={"id": "e", "status": "running"})
    yield as_json(running), {}, NotCompleted
    yield as_json(event({}, type="runfolio.execution.started.v1")), {}, NotCompleted
    yield as_json(event({}, type="other")), {}, InvalidRecord
    yield as_json([event(record()), {**event(record()), "id": ""}]), {}, InvalidRecord
    yield as_lines(record(steps=[{"name": "a", "status": "odd"}])), {}, InvalidRecord
    yield as_json(record()), {"format": "pdf"}, InvalidOptions


@pytest.mark.parametrize(("content", "choices", "error"), list(broken()))
def test_what_a_gateway_refuses_is_refused(
    tmp_path: Path, content: bytes, choices: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        exported(tmp_path, content, choices)


@pytest.mark.parametrize("form", [as_json, as_lines])
def test_a_step_above_the_limit_is_named(tmp_path: Path, form: Any) -> None:
    value = record(steps=[{"name": "a", "status": "succeeded"}, {"name": "b", "status": "failed", "log": "x" * 999}])
    with pytest.raises(TooLarge, match=r"steps\[1\]"):
        exported(tmp_path, form(value), most=Most(500))
    assert list((tmp_path / "out").iterdir()) == []


def test_pretty_printed_json_makes_the_same_bytes(tmp_path: Path) -> None:
    (path,) = exported(tmp_path, json.dumps(record(), indent=4).encode())
    assert path.read_bytes() == made_by_the_worker(record(), Options())


def test_secrets_are_redacted_as_on_a_server(tmp_path: Path) -> None:
    leaking = [{"name": "fetch", "status": "succeeded", "output": {"password": "some words"}, "log": "EMP-17"}]
    redactor = Redactor(site=(SiteRule("employee", "EMP-[0-9]+"),))
    profile = RenderProfile(redaction=redactor.identity)
    (path,) = exported(tmp_path, as_lines(record(steps=leaking)), profile=profile, redactor=redactor)
    text = zipfile.ZipFile(path).read("fetch_success.md")
    assert b"some words" not in text
    assert b"EMP-17" not in text
    assert b"[redacted: employee]" in text
    value = record(steps=leaking)
    (plain,) = exported(tmp_path / "plain", as_json(value))
    assert plain.read_bytes() == made_by_the_worker(value, Options())
