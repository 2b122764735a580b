"""The worker's composition root: the one place that knows settings and puts the parts together."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from redis import Redis

from producer.contract import callbacks, keys
from producer.contract.board import Board
from producer.contract.errors import ObjectNotFound
from producer.contract.export import Pending
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.outbox import Outbox
from producer.contract.queue import Queue
from producer.contract.records import Record, Records
from producer.contract.redaction.redactor import Redactor
from worker.counting import Counting
from worker.forgetting import Forgetting
from worker.keeping import Keeping
from worker.orphans import Orphans
from worker.pipeline import Pipeline, utc_now
from worker.rebuild import Rebuild
from worker.reminding import Reminding
from worker.retention import Retention
from worker.settings import WorkerSettings
from worker.strays import Strays
from worker.sweep import Sweeper

if TYPE_CHECKING:
    from worker.callbacks import Callbacks
    from worker.sources import Completion


class Parts:
    """The parts of one process, made when first used: nothing is connected before the fork."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Take settings. Raises InvalidSetting for a wrong CALLBACK_ALLOW or source, which nobody should find later."""
        self.settings = settings
        self._allowed = callbacks.AllowList(settings.callback_allow)
        self._source_tokens = settings.source_tokens

    def warm(self) -> None:
        """Connect, so that the first task need not. Raises BrokerUnavailable, StorageUnavailable."""
        self.board.check()
        with suppress(ObjectNotFound):
            self.objects.head(keys.facts(self.owner))

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
    def redactor(self) -> Redactor:
        """What masks secrets."""
        return self.settings.redactor()

    @cached_property
    def queue(self) -> Queue:
        """The way to the workers."""
        return Queue(self.board.tasks, self.board.exports)

    @cached_property
    def pipeline(self) -> Pipeline:
        """What makes exports."""
        return Pipeline(
            objects=self.objects,
            records=self.records,
            outbox=self.outbox,
            board=self.board,
            redactor=self.redactor,
            owner=self.owner,
            lease_ttl=self.settings.lease_ttl,
            link_ttl=self.settings.link_ttl,
            call_back=self._call_back,
            forget=self.forgetting.later,
            restore=self.keeping.restore,
            complete=self._complete,
        )

    def _complete(self, record: Record, pending: Pending, check: Callable[[], None]) -> tuple[Record, Pending]:
        # Nearly every record is whole, and most workers never ask an engine.
        return self.completion.complete(record, pending, check) if record.stored.told else (record, pending)

    @cached_property
    def completion(self) -> Completion:
        """What fetches the rest of records whose events left something out."""
        from worker.sources import Completion, Engines, Limits, Most  # noqa: PLC0415 # workers that ask no engine start sooner

        settings = self.settings
        engines = Engines(
            settings.source_urls,
            self._source_tokens,
            settings.github_log_hosts,
            Limits(settings.source_timeout.total_seconds(), settings.source_max_bytes),
        )
        return Completion(
            objects=self.objects,
            records=self.records,
            board=self.board,
            redactor=self.redactor,
            engines=engines,
            most=Most(settings.max_step_bytes, settings.max_steps),
            patience=settings.source_patience,
            now=utc_now,
        )

    @cached_property
    def keeping(self) -> Keeping:
        """What stores and lists executions for gateways that did not live to do it."""
        return Keeping(self.objects, self.records, self.board)

    @cached_property
    def forgetting(self) -> Forgetting:
        """What deletes pending entries."""
        return Forgetting(self.outbox, self.keeping)

    def close(self) -> None:
        """Finish what goes on beside the tasks, before this process ends."""
        if "forgetting" in self.__dict__:
            self.forgetting.close()

    def _call_back(self, export_id: str) -> None:
        for entry in callbacks.entries(self.objects, export_id):
            self.queue.callback(export_id, entry.name)

    @cached_property
    def callbacks(self) -> Callbacks | None:
        """What delivers callbacks; none where there is no secret to sign them with."""
        settings = self.settings
        if settings.callback_secret is None:
            return None
        from worker.callbacks import Callbacks, Sender  # noqa: PLC0415 # the HTTP client is for those who deliver alone

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
            reminding=Reminding(self.objects, self.board, self.queue),
            rebuild=Rebuild(self.objects, self.records, self.outbox, self.board, self.redactor),
            counting=Counting(self.objects, self.board),
            retention=Retention(
                self.objects,
                self.records,
                self.outbox,
                self.board,
                self.settings.link_ttl,
                self.settings.archive_ttl,
                self.settings.record_ttl,
                self.settings.audit_ttl,
            ),
            orphans=Orphans(self.objects, self.records, self.board, self.settings.orphan_ttl),
            strays=Strays(self.outbox, self.board),
        )
