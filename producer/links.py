"""The use case behind a download link: where it leads at the moment, or why it leads nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from producer.contract.errors import ExportFailed, Gone, NotFound
from producer.contract.export import Export, Pending, State
from producer.contract.links import LinkSigner
from producer.contract.objects import ObjectStore
from producer.contract.outbox import Outbox
from producer.contract.views import pending_view, settled_view

SIGNED_FOR: Final = timedelta(seconds=60)
"""How long a storage address works that a link leads to: long enough to begin a download."""


class Link(NamedTuple):
    """An export behind a link, and the storage address of its archive once it is ready."""

    export: Export
    address: str | None


@dataclass(frozen=True)
class Links:
    """The download links of this installation. Storage alone decides; the board may be behind it."""

    signer: LinkSigner
    outbox: Outbox
    objects: ObjectStore
    now: Callable[[], datetime]

    def follow(self, token: str) -> Link:
        """Tell where a download link leads at the moment.

        Raises NotFound for a token that is not ours, Gone for one that was revoked or has expired, ExportFailed with
        the reason.
        """
        named = self.signer.read(token)
        current = self.outbox.current(named.export_id)
        if current is None:
            raise NotFound("There is no such download.", remedy="Check that the link was copied whole.")
        pending = current if isinstance(current, Pending) else current.facts.pending
        view = pending_view(pending) if isinstance(current, Pending) else settled_view(current.facts, self.now())
        if pending.nonce != named.nonce:
            raise _gone("This link was replaced when the execution was exported again.", view)
        if view.status in {State.DELETED, State.EXPIRED}:
            how = "revoked" if view.status is State.DELETED else "kept for a while and has expired"
            raise _gone(f"This download was {how}.", view)
        if view.status is State.FAILED:
            raise ExportFailed(
                f"The export failed: {view.error.detail if view.error else 'no reason is known'}",
                remedy=_again(view),
            )
        address = self.objects.sign(pending.archive_key, SIGNED_FOR) if view.status is State.READY else None
        return Link(view, address)


def _again(view: Export) -> str:
    return (
        f"Export the execution {view.execution.id!r} of the workflow {view.workflow.name!r} again: on its page, "
        "or with POST /v1/workflows/{workflow_id}/executions/{execution_id}/exports."
    )


def _gone(detail: str, view: Export) -> Gone:
    return Gone(detail, remedy=_again(view))
