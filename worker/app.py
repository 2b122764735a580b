"""The worker's composition root: the one place that knows settings and puts the parts together."""

from __future__ import annotations

import os
import socket
from functools import cached_property

from redis import Redis

from producer.contract import callbacks
from producer.contract.board import Board
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.outbox import Outbox
from producer.contract.queue import Queue, make_celery
from producer.contract.records import Records
from worker.callbacks.addresses import AllowList
from worker.callbacks.process import Callbacks
from worker.callbacks.sender import Sender
from worker.pipeline import Pipeline, utc_now
from worker.rebuild import Rebuild
from worker.retention import Retention
from worker.settings import WorkerSettings
from worker.sweep import Sweeper


class Parts:
    """The parts of one process, made when first used: nothing is connected before the fork."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Take settings. Raises InvalidSetting for a wrong CALLBACK_ALLOW, which no callback should have to find."""
        self.settings = settings
        self._allowed = AllowList(settings.callback_allow)

    def warm(self) -> None:
        """Connect, so that the first task need not."""
        self.board.check()
        self.objects.check()

    @cached_property
    def owner(self) -> str:
        """This process's name on leases."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def board(self) -> Board:
        """The board."""
        return Board(Redis.from_url(self.settings.broker_url, socket_timeout=5, socket_connect_timeout=2))

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store."""
        return make_objects(ObjectsConfig.of(self.settings))

    @cached_property
    def records(self) -> Records:
        """The records."""
        return Records(self.objects)

    @cached_property
    def outbox(self) -> Outbox:
        """Pending and settled exports."""
        return Outbox(self.objects)

    @cached_property
    def queue(self) -> Queue:
        """The way to the workers."""
        return Queue(make_celery(self.settings.broker_url))

    @cached_property
    def pipeline(self) -> Pipeline:
        """What makes exports."""
        return Pipeline(
            objects=self.objects,
            records=self.records,
            outbox=self.outbox,
            board=self.board,
            owner=self.owner,
            lease_ttl=self.settings.lease_ttl,
            link_ttl=self.settings.link_ttl,
            call_back=self._call_back,
        )

    def _call_back(self, export_id: str) -> None:
        for entry in callbacks.entries(self.objects, export_id):
            self.queue.callback(export_id, entry.name)

    @cached_property
    def callbacks(self) -> Callbacks | None:
        """What delivers callbacks; none where there is no secret to sign them with."""
        settings = self.settings
        if settings.callback_secret is None:
            return None
        sender = Sender(settings.callback_secret, settings.public_url, self._allowed)
        return Callbacks(self.objects, self.outbox.current, sender, utc_now)

    @cached_property
    def sweeper(self) -> Sweeper:
        """What puts forgotten exports back and cleans up."""
        return Sweeper(
            objects=self.objects,
            outbox=self.outbox,
            board=self.board,
            queue=self.queue,
            owner=self.owner,
            max_attempts=self.settings.max_attempts,
            rebuild=Rebuild(self.objects, self.records, self.outbox, self.board),
            retention=Retention(
                self.objects, self.records, self.outbox, self.board, self.settings.archive_ttl, self.settings.record_ttl
            ),
        )
