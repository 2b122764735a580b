"""Stores and lists executions whose tasks were ahead of them, where their gateway did not live to do it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from producer.contract.board import Board
from producer.contract.board.executions import Revision
from producer.contract.export import Pending
from producer.contract.listing import note_unlisted
from producer.contract.objects import ObjectStore
from producer.contract.records import Prepared, Record, Records

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeping:
    """What an archive was made of stays, and is listed, whether or not the event was ever answered."""

    objects: ObjectStore
    records: Records
    board: Board

    def keep(self, made: Iterable[tuple[Pending, str | None]]) -> None:
        """Look after the executions of exports that were made, of those whose record rode in the task.

        Of nearly all the board knows, so that storage is not asked. Raises Unavailable.
        """
        texts = {
            Revision(one.workflow.id, one.execution.id, one.digest): text for one, text in made if text is not None
        }
        if texts:
            for revision in self.board.executions.unlisted(list(texts)):
                self.restore(texts[revision].encode())

    def restore(self, text: bytes) -> Record:
        """Store a record, unless it is there, and let the sweeper list it."""
        record = self.records.store(Prepared(self.records.open(text), None)).record
        note_unlisted(self.objects, record.workflow_id, record.execution_id)
        log.info("execution stored for its gateway", extra={"execution": record.execution_id})
        return record
