"""The gateway's parts, put together once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from producer.access.authenticate import Authenticator
from producer.access.sessions import Sessions
from producer.api.slots import Slots
from producer.audit import AuditLog
from producer.contract.board import Board
from producer.contract.board.announcements import Announcements
from producer.contract.objects import ObjectStore
from producer.deliveries import Deliveries
from producer.demand import Demands
from producer.executions import Executions
from producer.exports import Exports
from producer.intake import Intake
from producer.limits import Limits
from producer.links import Links
from producer.outline import Outlines
from producer.settings import GatewaySettings


@dataclass(frozen=True)
class Gateway:
    """What the routes work with."""

    settings: GatewaySettings
    objects: ObjectStore
    board: Board
    announcements: Announcements
    authenticator: Authenticator
    sessions: Sessions
    limits: Limits
    audit: AuditLog
    exports: Exports
    deliveries: Deliveries
    demands: Demands
    links: Links
    executions: Executions
    outlines: Outlines
    intake: Intake
    uploads: Slots
    calls: anyio.CapacityLimiter
