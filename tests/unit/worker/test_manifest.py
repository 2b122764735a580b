from __future__ import annotations

import hashlib
import json
from typing import Any

import jsonschema
import pytest

from producer.contract.export import Extra, Format, RenderProfile, StepFilter
from tests.house import step
from tests.unit.worker.test_pages import STEPS, made

FILE = {
    "type": "object",
    "required": ["file", "step", "iteration", "status", "size", "sha256", "notes"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string"},
        "step": {"type": ["string", "null"]},
        "iteration": {"type": ["integer", "null"]},
        "status": {"type": ["string", "null"]},
        "size": {"type": "integer", "minimum": 0},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
}
SCHEMA = {
    "type": "object",
    "required": [
        "runfolio", "profile", "workflow", "execution", "options", "complete", "expected", "included", "redactions",
        "files",
    ],
    "additionalProperties": False,
    "properties": {
        "runfolio": {"const": 1},
        "profile": {"type": "object"},
        "workflow": {"type": "object"},
        "execution": {"type": "object"},
        "options": {"type": "object"},
        "complete": {"type": "boolean"},
        "expected": {"type": "integer"},
        "included": {"type": "integer"},
        "redactions": {"type": "array"},
        "files": {"type": "array", "items": FILE},
    },
}  # fmt: skip # the required members in two lines read better than in ten


def manifest(given: list[dict[str, Any]], **options: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    files = made(given, include=(Extra.MANIFEST,), **options)
    assert list(files)[-1] == "manifest.json"
    parsed: dict[str, Any] = json.loads(files.pop("manifest.json"))
    jsonschema.validate(parsed, SCHEMA)
    return parsed, files


@pytest.mark.parametrize("output", list(Format))
@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize("only", list(StepFilter))
def test_every_file_is_listed_as_it_is(output: Format, combine: bool, only: StepFilter) -> None:
    listed, files = manifest(STEPS, format=output, combine=combine, steps=only)
    assert [one["file"] for one in listed["files"]] == list(files)
    for one in listed["files"]:
        data = files[one["file"]]
        assert (one["size"], one["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_files_tell_their_steps() -> None:
    listed, _ = manifest(STEPS)
    told = [(one["step"], one["iteration"], one["status"]) for one in listed["files"]]
    assert told == [
        ("fetch", 1, "succeeded"),
        ("think", None, "failed"),
        ("fetch", 2, "succeeded"),
        ("../CON", None, "timed-out"),
    ]


def test_the_combined_file_is_of_no_single_step() -> None:
    listed, _ = manifest(STEPS, combine=True)
    assert [(one["step"], one["iteration"], one["status"]) for one in listed["files"]] == [(None, None, None)]


@pytest.mark.parametrize(
    ("steps", "only", "complete", "expected", "included"),
    [
        (STEPS, StepFilter.ALL, True, 4, 4),
        (STEPS, StepFilter.FAILED, False, 4, 2),
        ([step(status="failed")], StepFilter.FAILED, True, 1, 1),
        ([step()], StepFilter.FAILED, False, 1, 0),
        ([], StepFilter.ALL, True, 0, 0),
    ],
)
def test_what_is_left_out_is_counted(
    steps: list[dict[str, Any]], only: StepFilter, complete: bool, expected: int, included: int
) -> None:
    listed, _ = manifest(steps, steps=only)
    assert (listed["complete"], listed["expected"], listed["included"]) == (complete, expected, included)


def test_the_head_names_record_options_and_profile() -> None:
    profile = RenderProfile(timezone="Europe/Vienna")
    listed, _ = manifest(STEPS, profile=profile, steps=StepFilter.FAILED)
    assert listed["workflow"] == {"id": "wf", "name": "virtual assistant"}
    assert listed["execution"]["id"] == "e1"
    assert listed["options"] == {"format": "markdown", "combine": False, "include": ["manifest"], "steps": "failed"}
    assert (listed["profile"]["timezone"], listed["profile"]["digest"]) == ("Europe/Vienna", profile.digest)


def test_a_long_list_is_whole() -> None:
    listed, files = manifest([step(f"step {number}") for number in range(5_000)])
    assert [one["file"] for one in listed["files"]] == list(files)
    assert len(files) == 5_000
