"""The use case behind a download link: where it leads at the moment, or why it leads nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from producer.addresses import execution_path
from producer.contract import keys
from producer.contract.errors import ExportFailed, Gone, NotFound
from producer.contract.export import Export, Pending, State
from producer.contract.links import LinkSigner
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox, Settled
from producer.contract.views import pending_view, settled_view

SIGNED_FOR: Final = timedelta(seconds=60)
"""How long a storage address works that a link leads to: long enough to begin a download."""


class Link(NamedTuple):
    """An export behind a link, and the storage address of its archive once it is ready.

    ``dead`` tells why the link leads nowhere any more: Gone, or ExportFailed with the reason.
    """

    export: Export
    address: str | None
    dead: Gone | ExportFailed | None = None


@dataclass(frozen=True)
class Links:
    """The download links of this installation. Storage alone tells which are dead; the board may be behind it."""

    signer: LinkSigner
    outbox: Outbox
    objects: ObjectStore
    now: Callable[[], datetime]

    def follow(self, token: str, told: Export | None = None) -> Link:
        """Tell where a download link leads at the moment; ``told`` is what was announced just now, if anything was.

        Raises NotFound for a token that is not ours, Gone for one that was revoked or has expired, ExportFailed with
        the reason.
        """
        link = self.find(token, told)
        if link.dead is not None:
            raise link.dead
        return link

    def find(self, token: str, told: Export | None = None) -> Link:
        """Do the same, and let the link say itself where it is dead. Raises NotFound for a token that is not ours."""
        named = self.signer.read(token)
        settled = self.outbox.settled(named.export_id)
        if told is not None and told.archive is not None and self._is_next(told, token, settled):
            key = keys.archive(named.export_id, named.nonce, told.archive.filename)
            return Link(told, self.objects.sign(key, SIGNED_FOR))
        current = self.outbox.beyond(settled, named.export_id)
        if current is None:
            raise NotFound("There is no such download.", remedy="Check that the link was copied whole.")
        pending = current if isinstance(current, Pending) else current.facts.pending
        view = pending_view(pending) if isinstance(current, Pending) else settled_view(current.facts, self.now())
        if pending.nonce != named.nonce:
            return _gone("This link was replaced when the execution was exported again.", view)
        if view.status in {State.DELETED, State.EXPIRED}:
            how = "revoked" if view.status is State.DELETED else "kept for a while and has expired"
            return _gone(f"This download was {how}.", view)
        if view.status is State.FAILED:
            reason = view.error.detail if view.error else "no reason is known"
            return Link(view, None, ExportFailed(f"The export failed: {reason}", remedy=_again(view)))
        address = self.objects.sign(pending.archive_key, SIGNED_FOR) if view.status is State.READY else None
        return Link(view, address)

    def _is_next(self, told: Export, token: str, settled: Settled | None) -> bool:
        """Tell whether a link's export was announced as ready, and storage knows of nothing that came after.

        Its archive says so itself, and the facts that storage has need not repeat it yet; but they would tell that the
        link was revoked, or replaced.
        """
        named, following = self.signer.read(token), settled.following if settled else 0
        its_link = told.download_url.rpartition("/")[2] == token
        return told.status is State.READY and its_link and named.nonce == self.signer.nonce(named.export_id, following)


def _again(view: Export) -> str:
    return (
        f"Export the execution {view.execution.id!r} of the workflow {view.workflow.name!r} again: on its page, "
        f"or with POST /v1{execution_path(view.workflow.id, view.execution.id)}/exports."
    )


def _gone(detail: str, view: Export) -> Link:
    return Link(view, None, Gone(detail, remedy=_again(view)))
