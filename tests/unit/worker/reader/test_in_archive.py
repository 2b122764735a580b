from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from producer.contract.contents import Contents
from producer.contract.export import Extra, Format, Options, StepFilter
from producer.contract.names import READER
from producer.contract.records import Record
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from tests.fakes import MemoryObjects
from tests.unit.contract.test_records import write
from tests.unit.worker.test_pages import STEPS, asked, made, zipped
from worker.pages import archive_of

BOTH = (Extra.MANIFEST, Extra.READER)
ALL_OPTIONS: list[dict[str, Any]] = [
    {"format": output, "combine": combine, "steps": only}
    for output in Format
    for combine in (False, True)
    for only in StepFilter
]


def record(steps: list[dict[str, Any]] = STEPS) -> Record:
    return write(MemoryObjects(), steps).record


@pytest.mark.parametrize("options", ALL_OPTIONS)
@pytest.mark.parametrize("include", [(Extra.READER,), BOTH])
def test_names_are_announced_as_they_come(options: dict[str, Any], include: tuple[Extra, ...]) -> None:
    files = made(STEPS, include=include, **options)
    contents = Contents(ShownRecord(record(), Redactor()), Options(include=include, **options), "a.zip")
    assert list(contents.file_names()) == list(files)
    assert contents.file_count == len(files)


@pytest.mark.parametrize("options", ALL_OPTIONS)
def test_every_link_leads_to_a_file_of_the_archive(options: dict[str, Any]) -> None:
    files = made(STEPS, include=(Extra.READER,), **options)
    text = files[READER].decode()
    names = {name.replace(" ", "%20") for name in files}
    rows = [row for part in text.split('class="rows">')[1:] for row in json.loads(part.partition("</script>")[0])]
    assert len(rows) == (4 if options["steps"] is StepFilter.ALL else 2)
    assert {row["link"].partition("#")[0] for row in rows} <= names


def test_the_reader_comes_before_the_manifest_which_lists_it() -> None:
    files = made(STEPS, include=BOTH)
    assert list(files)[-2:] == [READER, "manifest.json"]
    listed = json.loads(files["manifest.json"])["files"][-1]
    data = files[READER]
    assert listed == {
        "file": READER,
        "step": None,
        "iteration": None,
        "status": None,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "notes": [],
    }


def test_the_step_files_stay_as_they_are() -> None:
    with_reader = made(STEPS, include=(Extra.READER,))
    del with_reader[READER]
    assert with_reader == made(STEPS)


def test_the_same_bytes_every_time() -> None:
    assert zipped(record(), include=BOTH) == zipped(record(), include=BOTH)


def test_the_second_pass_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.pages._REPORT_EVERY", 0.0)
    told: list[int] = []

    def stop(done: int, _: int) -> None:
        told.append(done)
        if len(told) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(archive_of(record(), asked(include=(Extra.READER,)), stop, Redactor()))
    assert told == [1, 2, 3, 4, 4, 4]
