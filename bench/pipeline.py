"""From a stored record to a zip on one core: the product, the peer, and the bare sum of the product's parts."""

from __future__ import annotations

import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
from isal import isal_zlib

from bench import peer
from bench.figures import Figure, Lab, Round, ratio_of
from bench.workload import record
from producer.contract import jsontext
from producer.contract.drafting import draft
from producer.contract.export import Format, Options, RenderProfile
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from producer.contract.render.engines import commonmark_engine
from producer.contract.shown import ShownRecord
from producer.incoming import Most, as_text, receive
from runfolio.localobjects import LocalObjects
from worker.archive import BLOCK
from worker.pages import archive_of

ROUNDS: Final = 9
_MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PEERS: Final = {Format.HTML: peer.html, Format.MARKDOWN: peer.plain}


class Product:
    """The worker's path without broker and store: everything between the record's bytes and the archive's."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._records = Records(LocalObjects(folder))
        self._redactor = Redactor()

    def stored(self, number: int, steps: int, size: int) -> Record:
        """Store a record as the gateway does."""
        received = receive(as_text(record(number, steps, size)), Most())
        return self._records.write(received.header, received.steps, moment=_MOMENT, confirm=lambda: _MOMENT).record

    def archive(self, stored: Record, kind: Format) -> bytes:
        """Make the archive anew, from the header object's bytes on."""
        opened = self._records.open(jsontext.encode(stored.stored))
        pending = draft(
            ShownRecord(opened, self._redactor),
            Options(format=kind),
            RenderProfile(),
            nonce="",
            download_url="",
            created_at=_MOMENT,
            requested_by="bench",
        )
        return b"".join(archive_of(opened, pending, lambda *_: None, self._redactor))


def run(lab: Lab) -> Iterator[Figure]:
    """Take turns on the same steps; a figure is MB of record a second."""
    steps, size = lab.size(200, 20), 5_000
    product = Product(lab.folder / "records")
    stored = product.stored(1, steps, size)
    lines = b"\n".join(jsontext.encode(one) for one in record(1, steps, size)["steps"])
    for kind in (Format.HTML, Format.MARKDOWN):
        texts = _texts(product.archive(stored, kind))
        sides: Sequence[Callable[[], object]] = (
            lambda kind=kind: product.archive(stored, kind),  # type: ignore[misc] # a default that binds
            lambda kind=kind: _PEERS[kind](lines),  # type: ignore[misc] # as above
            lambda kind=kind, texts=texts: _parts(lines, texts, kind),  # type: ignore[misc] # as above
        )
        for side in sides:
            side()
        speeds = [[_speed(side, len(lines)) for side in sides] for _ in range(lab.size(ROUNDS, 1))]
        unit = "MB of record a second"
        against_peer = [Round([one[0]], [one[1]]) for one in speeds]
        against_parts = [Round([one[0]], [one[2]]) for one in speeds]
        yield ratio_of(f"{kind}_pipeline_ratio", ("product", "peer"), against_peer, 0.5, unit)
        yield ratio_of(f"{kind}_limit_ratio", ("product", "parts"), against_parts, 0.5, unit)


def _speed(side: Callable[[], object], size: int) -> float:
    began = time.process_time()
    side()
    return size / 1e6 / (time.process_time() - began)


def _texts(archive: bytes) -> list[bytes]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return [opened.read(name) for name in opened.namelist()]


def _parts(lines: bytes, texts: Sequence[bytes], kind: Format) -> None:
    """Do what cannot be left out, and nothing else: parse, render, deflate, sum."""
    render = commonmark_engine()
    for line in lines.splitlines():
        step = msgspec.json.decode(line)
        if kind is Format.HTML:
            render(step["output"])
    for text in texts:
        deflate = isal_zlib.compressobj(level=2, wbits=-15)
        for start in range(0, len(text), BLOCK):
            deflate.compress(text[start : start + BLOCK])
        deflate.flush()
        zlib.crc32(text)
