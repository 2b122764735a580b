"""The board: what gateway, workers and sweeper tell each other through Redis or Valkey.

State and progress of exports, fenced leases, queued marks, the listing index and announcements. All of it can be lost
at any time and is rebuilt from storage. Only this package, and Celery in the workers, speak to the broker.
"""

from __future__ import annotations

from redis import Redis

from producer.contract.board.announcements import Announcements, Change, Follower
from producer.contract.board.broker import Broker
from producer.contract.board.callbacks import CallbackBoard
from producer.contract.board.entries import Attempts, BoardEntry, Lease, QueuedMark, Refusal
from producer.contract.board.executions import ExecutionBoard
from producer.contract.board.exports import ExportBoard
from producer.contract.board.leases import Leases
from producer.contract.board.logins import LoginBoard
from producer.contract.board.pages import Page
from producer.contract.board.places import CHANGES_CHANNEL, EXPORTS_CHANNEL
from producer.contract.board.presence import Heartbeats, Rebuild
from producer.contract.board.queue_watch import QueueWatch
from producer.contract.board.rates import RateBoard
from producer.contract.board.summaries import ExecutionSummary, WorkflowSummary, preview
from producer.contract.board.tallies import Demand, Floor, Tallies
from producer.contract.board.tasks import TaskBoard
from producer.contract.board.workflows import WorkflowBoard

__all__ = [
    "CHANGES_CHANNEL",
    "EXPORTS_CHANNEL",
    "Announcements",
    "Attempts",
    "Board",
    "BoardEntry",
    "Change",
    "Demand",
    "ExecutionSummary",
    "Floor",
    "Follower",
    "Lease",
    "Page",
    "QueuedMark",
    "Refusal",
    "TaskBoard",
    "WorkflowSummary",
    "preview",
]


class Board:
    """The parts of the board over one ready client, which must not decode answers.

    The broker must keep what it is given (``maxmemory-policy noeviction``, which Celery's queue needs as well).
    """

    def __init__(self, client: Redis) -> None:
        self._broker = Broker(client)
        self.exports = ExportBoard(self._broker)
        self.leases = Leases(self._broker)
        self.queue = QueueWatch(self._broker)
        self.tasks = TaskBoard(self._broker)
        self.executions = ExecutionBoard(self._broker)
        self.workflows = WorkflowBoard(self._broker)
        self.tallies = Tallies(self._broker)
        self.callbacks = CallbackBoard(self._broker)
        self.rebuild = Rebuild(self._broker)
        self.heartbeats = Heartbeats(self._broker)
        self.logins = LoginBoard(self._broker)
        self.rates = RateBoard(self._broker)

    def check(self) -> None:
        """Raise BrokerUnavailable unless the broker answers."""
        self._broker.command("PING")
