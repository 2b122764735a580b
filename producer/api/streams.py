"""Server-Sent Events (WHATWG HTML, section 9.2) of an export's changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from fastapi import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from producer.api.watching import Change, change_of, event_of
from producer.contract import jsontext
from producer.contract.export import Export

_SEND_TIMEOUT: Final = 60.0
"""Seconds after which a client that does not read is given up."""

_LAST_WORD: Final = 2.0
"""Seconds that a stream has to end by itself when the gateway stops; one that is cut off is an error to its client."""


def event_stream(
    view: Export, changes: AsyncIterator[Change], last_seen: str | None, content: Callable[[Export], Any]
) -> Response:
    """Answer changes as events; ``view`` is the export at the moment, ``content`` chooses what of it is shown.

    A client that has seen the end already is answered 204, by which an EventSource knows not to connect again
    (section 9.2.1).
    """
    if view.status.settled and change_of(view).id == last_seen:
        return Response(status_code=204)

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for change in changes:
            data = jsontext.encode(content(change.export)).decode()
            yield ServerSentEvent(data=data, event=event_of(change.export), id=change.id)

    return EventSourceResponse(events(), send_timeout=_SEND_TIMEOUT, shutdown_grace_period=_LAST_WORD)
