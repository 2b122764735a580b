"""The use case of whoever reads exports: to learn who asked for them, and how often they were downloaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from producer.contract.board import Board, Demand
from producer.contract.errors import BrokerUnavailable, StorageUnavailable
from producer.contract.export import Export
from producer.exports import Exports
from producer.listed import ListedExport, listed_export

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Demands:
    """What is known of exports that is no part of them."""

    exports: Exports
    board: Board

    def listed(self, exports: Sequence[Export]) -> list[ListedExport]:
        """Show exports to their readers, in their order.

        The board tells both, a moment after an export was accepted. Unless this gateway has accepted it, storage, which
        is slower, tells who asked where the board does not know, or is away.
        """
        shown: list[ListedExport] = []
        looked_up: dict[str, str] = {}
        for export, demand in zip(exports, self._known(exports), strict=True):
            name = (demand.requested_by if demand else None) or self.exports.askers.of(export.id)
            if name is None and (name := self._looked_up(export.id)) is not None:
                looked_up[export.id] = name
            shown.append(listed_export(export, name, demand.downloads if demand else None))
        self._remember(looked_up)
        return shown

    def _known(self, exports: Sequence[Export]) -> Sequence[Demand | None]:
        try:
            return self.board.tallies.of([export.id for export in exports])
        except BrokerUnavailable:
            return [None] * len(exports)

    def _looked_up(self, identity: str) -> str | None:
        try:
            return self.exports.requested_by(identity)
        except StorageUnavailable:
            return None

    def _remember(self, names: Mapping[str, str]) -> None:
        try:
            self.board.tallies.asked(names)
        except BrokerUnavailable as error:
            log.info("broker is away, askers are looked up again", extra={"reason": error.detail})
