from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from producer.contract.errors import DamagedRecord
from producer.contract.export import Extra, Format, Options, Pending, RenderProfile, StepFilter
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from tests.fakes import MemoryObjects
from tests.house import step
from tests.unit.contract.test_outbox import pending
from tests.unit.contract.test_records import Cut, write
from worker.pages import archive_of

STEPS = [
    step("fetch", output="# Found\n\n- a\n- b", iteration=1),
    step("think", "failed", error={"message": "no\nway"}, log="\x1b[31mred\x1b[0m"),
    step("fetch", output={"a": [1, 2]}, iteration=2, children=[{"name": "tool", "kind": "tool", "input": {"q": 1}}]),
    step("../CON", "timed-out", started_at="2025-04-09T14:59:56", finished_at="2025-04-09T15:00:00Z"),
]
REDACTOR = Redactor()
REPOSITORY = Path(__file__).parents[3]


def made(given: list[dict[str, Any]], profile: RenderProfile | None = None, **options: Any) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(zipped(write(MemoryObjects(), given).record, profile, **options)))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def asked(profile: RenderProfile | None = None, **options: Any) -> Pending:
    return pending(options=Options(**options), profile=profile or RenderProfile())


def zipped(record: Record, profile: RenderProfile | None = None, **options: Any) -> bytes:
    return b"".join(archive_of(record, asked(profile, **options), lambda _, __: None, REDACTOR))


def test_a_file_a_step() -> None:
    files = made(STEPS)
    assert list(files) == ["fetch_1_success.md", "think_failed.md", "fetch_2_success.md", "_._CON_timed-out.md"]
    assert b"Found" in files["fetch_1_success.md"]
    assert b"no\nway" in files["think_failed.md"]
    assert b"\x1b" not in files["think_failed.md"]


def test_only_failed_steps_under_the_names_that_they_have_anyway() -> None:
    assert list(made(STEPS, steps=StepFilter.FAILED)) == ["think_failed.md", "_._CON_timed-out.md"]
    again = [*STEPS, step("fetch", "failed")]
    assert list(made(again, steps=StepFilter.FAILED))[-1] == "fetch_3_failed.md"


@pytest.mark.parametrize("output", list(Format))
def test_combined_holds_every_step_in_order(output: Format) -> None:
    ((name, text),) = made(STEPS, combine=True, format=output).items()
    assert name == f"a.{output.extension}"
    places = [text.index(word) for word in (b"Found", b"way", b"tool", b"14:59:56")]
    assert places[0] < places[1] or b"Failures" in text
    assert len(text) > 500


@pytest.mark.parametrize("options", [{}, {"combine": True}, {"steps": StepFilter.FAILED}])
@pytest.mark.parametrize("output", list(Format))
def test_without_steps_there_is_a_summary(output: Format, options: dict[str, Any]) -> None:
    ((name, text),) = made([], format=output, **options).items()
    assert name == f"a.{output.extension}"
    assert b"virtual assistant" in text


def test_progress_is_told_by_time_and_not_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("worker.pages.time.monotonic", lambda: now)
    told: list[tuple[int, int]] = []
    record = write(MemoryObjects(), [step(f"s{number}") for number in range(100)]).record
    archive = iter(archive_of(record, asked(), lambda done, total: told.append((done, total)), REDACTOR))
    for _ in archive:
        pass
    assert told == []
    for each in (0.01, 0.1):
        told.clear()
        clock = iter(range(10**6))
        monkeypatch.setattr("worker.pages.time.monotonic", lambda clock=clock, each=each: next(clock) * each)
        for _ in archive_of(record, asked(), lambda done, total: told.append((done, total)), REDACTOR):
            pass
        assert len(told) == pytest.approx(100 * each / 0.25, rel=0.3)
        assert [total for _, total in told] == [100] * len(told)
        assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_a_report_that_raises_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.pages._REPORT_EVERY", 0.0)

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    record = write(MemoryObjects(), STEPS).record
    with pytest.raises(KeyboardInterrupt):
        list(archive_of(record, asked(), stop, REDACTOR))


def test_nothing_is_read_before_the_bytes_are_asked_for() -> None:
    objects = MemoryObjects()
    record = write(objects, [step(output="x" * 50_000) for _ in range(8)]).record
    record = Records(objects).read("wf", "e1", record.stored.digest)
    archive = archive_of(record, asked(), lambda _, __: None, REDACTOR)
    objects.delete([key for key in objects.keys() if key.endswith("ndjson")])  # noqa: SIM118 # it is no dictionary
    with pytest.raises(DamagedRecord, match="is missing"):
        list(archive)


@pytest.mark.parametrize("options", [{}, {"combine": True}], ids=["files", "combined"])
def test_memory_does_not_grow_with_the_steps(options: dict[str, Any]) -> None:
    peaks = []
    for count in (200, 1_200):
        objects = MemoryObjects()
        record = write(objects, [step(f"s{n}", output=os.urandom(5_000).hex()) for n in range(count)]).record
        record = Records(Cut(objects, 65_536)).read("wf", "e1", record.stored.digest)
        tracemalloc.start()
        for _ in archive_of(record, asked(**options), lambda _, __: None, REDACTOR):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (1 << 20)


PROGRAM = """
import hashlib
from tests.unit.worker.test_pages import ALL_OPTIONS, STEPS, zipped
from tests.unit.contract.test_records import Cut, write
from tests.fakes import MemoryObjects
from producer.contract.export import RenderProfile
for options in ALL_OPTIONS:
    record = write(MemoryObjects(), STEPS).record
    print(hashlib.sha256(zipped(record, RenderProfile(timezone="Europe/Vienna"), **options)).hexdigest())
"""
ALL_OPTIONS: list[dict[str, Any]] = [
    {"format": output, "combine": combine, "include": (Extra.MANIFEST,)}
    for output in Format
    for combine in (False, True)
]


def test_the_same_bytes_wherever_and_whenever() -> None:
    runs = [("UTC", "C", "0"), ("Pacific/Chatham", "C.UTF-8", "1")]
    digests = {
        subprocess.run(  # noqa: S603 # this interpreter with the text above
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed},
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for zone, locale, seed in runs
    }
    assert len(digests) == 1
    assert len(set(digests.pop().split())) == len(ALL_OPTIONS)


def test_a_record_in_two_forms_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    inline = zipped(write(MemoryObjects(), STEPS).record)
    monkeypatch.setattr("producer.contract.records.INLINE_LIMIT", 10)
    assert zipped(write(MemoryObjects(), STEPS).record) == inline


def test_names_of_steps_cannot_leave_the_folder() -> None:
    names = ["../../etc/passwd", "/etc/passwd", "C:\\x", "a\x00b", "..", "", "manifest.json", "MANIFEST.JSON"]
    files = made([step(name) for name in names], include=(Extra.MANIFEST,))
    assert len(files) == len(names) + 1
    assert not any("/" in name or "\\" in name or name.startswith(".") for name in files)
