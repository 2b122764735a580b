from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from producer.contract.errors import InvalidRecord, MalformedBody, RunfolioError, TooLarge
from runfolio import inputs
from runfolio.inputs import Engine, Kind, open_input
from tests.unit.runfolio.examples import as_json, as_lines, event, record

CODEMIE = Path(__file__).parents[3] / "samples" / "codemie-virtual-assistant.json"


def kind_of(folder: Path, content: bytes, name: str = "input") -> Kind:
    (folder / name).write_bytes(content)
    with open_input(str(folder / name)) as source:
        return source.kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (as_json(record()), Kind.RECORD),
        (json.dumps(record(), indent=2).encode(), Kind.RECORD),
        (b"\n \n" + as_json(record()), Kind.RECORD),
        (b"\xef\xbb\xbf" + as_json(record()), Kind.RECORD),
        (as_lines(record()), Kind.LINES),
        (b"\xef\xbb\xbf\r\n" + as_lines(record()), Kind.LINES),
        (as_json(event(record())), Kind.EVENT),
        (json.dumps(event(record()), indent=1).encode(), Kind.EVENT),
        (as_json([event(record()), event(record())]), Kind.BATCH),
    ],
)
def test_an_input_is_recognised_by_its_content(tmp_path: Path, content: bytes, kind: Kind) -> None:
    assert kind_of(tmp_path, content) is kind


def test_a_record_without_steps_is_told_by_the_files_name(tmp_path: Path) -> None:
    header = as_lines(record(steps=[]))
    assert kind_of(tmp_path, header, "a.ndjson") is Kind.LINES
    with pytest.raises(InvalidRecord, match="neither an execution record"):
        kind_of(tmp_path, header, "a.json")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", MalformedBody),
        (b" \n\n", MalformedBody),
        (b"{", MalformedBody),
        (b"[]", InvalidRecord),
        (b"7", InvalidRecord),
    ],
)
def test_what_is_no_execution_is_refused_by_name(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error, match="input"):
        kind_of(tmp_path, content)


def test_an_engines_payload_is_recognised_and_its_option_named() -> None:
    with pytest.raises(InvalidRecord) as raised, open_input(str(CODEMIE)):
        pass
    assert raised.value.remedy == "Add --engine codemie."
    with open_input(str(CODEMIE), Engine("codemie")) as source:
        assert source.kind is Kind.PAYLOAD


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(RunfolioError, match=r"missing.json cannot be read: No such file"),
        open_input(str(tmp_path / "missing.json")),
    ):
        pass


def test_standard_input_can_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    content = as_lines(record())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with open_input("-") as source:
        assert (source.kind, source.name) == (Kind.LINES, "standard input")
        assert b"".join(source.pieces()) == b"".join(source.pieces()) == content
        assert source.size == len(content)


def test_readers_do_not_disturb_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "PIECE", 10)
    content = as_lines(record())
    (tmp_path / "input").write_bytes(content)
    with open_input(str(tmp_path / "input")) as source:
        first, second = source.pieces(), source.pieces()
        halves = [next(first), next(second)]
        assert source.size == len(source.whole()) == len(content)
        assert halves[0] + b"".join(first) == halves[1] + b"".join(second) == content


def test_a_json_text_is_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(TooLarge) as raised:
        kind_of(tmp_path, json.dumps(record(), indent=2).encode())
    assert "NDJSON" in (raised.value.remedy or "")


def test_nothing_is_held_of_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> bytes:
        raise AssertionError("A stream must not be read whole.")

    monkeypatch.setattr(inputs.Input, "whole", refuse)
    assert kind_of(tmp_path, as_lines(record())) is Kind.LINES
