"""Floor, peer and product are measured on the same bytes: what they make is held against each other here."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from bench import floor, peer, workload
from bench.pipeline import Product
from producer.contract.export import Format


def opened(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.testzip() is None
        return {name: read.read(name) for name in read.namelist()}


def test_the_floor_makes_the_very_files_that_the_product_makes(tmp_path: Path) -> None:
    product = Product(tmp_path / "records")
    stored = product.stored(3, workload.STEPS, workload.STEP_BYTES)
    made = opened(product.archive(stored, Format.MARKDOWN))
    by_floor = opened(floor.zipped(workload.record(3)))
    assert list(by_floor) == list(made)
    assert by_floor == made


def test_the_peer_makes_a_file_of_every_step() -> None:
    lines = b"\n".join(json.dumps(step).encode() for step in workload.record(1, steps=3)["steps"])
    pages = opened(peer.html(lines))
    assert len(pages) == 3
    assert all(b"<h3>" in page and b"<li>" in page for page in pages.values())
    assert b"### " in next(iter(opened(peer.plain(lines)).values()))


def test_every_execution_has_texts_of_its_own_and_the_size_that_was_asked_for() -> None:
    outputs = [step["output"] for number in (1, 2) for step in workload.record(number)["steps"]]
    assert len(set(outputs)) == len(outputs)
    assert {len(output) for output in outputs} == {workload.STEP_BYTES}


def test_a_stream_can_hold_one_step_that_is_larger_than_the_others() -> None:
    steps = [json.loads(line) for line in workload.lines(1, 4, 100, largest=5_000)][1:]
    assert [len(step["output"]) > 1_000 for step in steps] == [False, False, False, True]
