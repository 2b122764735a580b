"""``manifest.json``: what an archive holds, file by file, so that a program need not guess from names."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from producer.contract import jsontext
from producer.contract.export import Pending
from producer.contract.index import StepEntry
from producer.contract.names import MANIFEST
from producer.contract.redaction.redactor import Counts
from producer.contract.render.model import StepPage
from producer.contract.shown import ShownRecord
from worker.archive import MemberFacts

_VERSION: Final = 1
_PIECE: Final = 64 * 1024


class ManifestBuilder:
    """Notes each file while the archive streams by; holds them compressed until the manifest is written, at the end."""

    def __init__(self, record: ShownRecord, pending: Pending, included: int) -> None:
        self._record = record
        self._pending = pending
        self._included = included
        self._expected: dict[str, Any] = {}
        self._masked: Counter[str] = Counter()
        self._files = _Held()
        self._redactions = _Held()

    def expect(self, page: StepPage, entry: StepEntry) -> None:
        """Tell which step the next file shows."""
        self._expected = {
            "step": page.document.step.name,
            "iteration": page.iteration,
            "status": entry.status,
            "notes": list(page.notes),
        }

    def masked(self, counts: Counts) -> None:
        """Tell what is masked in the next file, by rule; it adds up."""
        self._masked.update(counts)

    def note(self, facts: MemberFacts) -> None:
        """Note a finished file; a file that shows no single step (the combined one) has no step, iteration or status.

        The manifest itself, which is finished last, cannot be in its own list.
        """
        if facts.name == MANIFEST:
            return
        file = {
            "file": facts.name,
            "step": None,
            "iteration": None,
            "status": None,
            "size": facts.size,
            "sha256": facts.sha256,
            "notes": [],
            **self._expected,
        }
        self._files.add(file)
        for rule, count in sorted(self._masked.items()):
            self._redactions.add({"rule": rule, "file": facts.name, "count": count})
        self._expected = {}
        self._masked.clear()

    def chunks(self) -> Iterator[bytes]:
        """Yield the manifest's text."""
        head = jsontext.pretty(self._head()).removesuffix("\n}")
        yield f'{head},\n  "redactions": ['.encode()
        yield from self._redactions.chunks()
        yield b'],\n  "files": ['
        yield from self._files.chunks()
        yield b"\n]}\n"

    def _head(self) -> dict[str, Any]:
        header, stored = self._record.document.header, self._record.stored
        return {
            "runfolio": _VERSION,
            "profile": {**msgspec.to_builtins(self._pending.profile), "digest": self._pending.profile.digest},
            "workflow": {"id": header.workflow.id, "name": header.workflow_name},
            "execution": {"id": header.execution.id, "status": header.execution.status, "digest": stored.digest},
            "options": self._pending.options,
            "complete": self._included == stored.step_count,
            "expected": stored.step_count,
            "included": self._included,
        }


class _Held:
    """JSON values of a list, held compressed."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(level=1)
        self._pieces: list[bytes] = []
        self._count = 0

    def add(self, value: Any) -> None:
        separator = b",\n" if self._count else b"\n"
        self._pieces.append(self._compressor.compress(separator + jsontext.encode(value)))
        self._count += 1

    def chunks(self) -> Iterator[bytes]:
        """Yield the values' JSON, once."""
        self._pieces.append(self._compressor.flush())
        decompressor = zlib.decompressobj()
        for piece in self._pieces:
            rest = piece
            while rest:
                yield decompressor.decompress(rest, _PIECE)
                rest = decompressor.unconsumed_tail
