"""The gateway's parts, put together once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from producer.access.authenticate import Authenticator
from producer.contract.board import Board
from producer.contract.board.announcements import Announcements
from producer.contract.objects import ObjectStore
from producer.executions import Executions
from producer.exports import Exports
from producer.intake import Intake
from producer.links import Links
from producer.settings import GatewaySettings


@dataclass(frozen=True)
class Gateway:
    """What the routes work with."""

    settings: GatewaySettings
    objects: ObjectStore
    board: Board
    announcements: Announcements
    authenticator: Authenticator
    exports: Exports
    links: Links
    executions: Executions
    intake: Intake
    uploads: anyio.CapacityLimiter
    calls: anyio.CapacityLimiter
