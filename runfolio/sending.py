"""The story of ``runfolio send``: hand over, wait, fetch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from producer.contract.errors import ExportFailed, Gone, RunfolioError, Unavailable
from producer.contract.export import Archive, Export, State
from runfolio import envelope
from runfolio.client import GatewayClient
from runfolio.envelope import Choices
from runfolio.files import save
from runfolio.inputs import Input, Kind
from runfolio.terminal import Report

_POLL: Final = 1.0
"""Seconds that the gateway holds a request for the end of an export: how often progress is shown."""

_RETRY_AFTER: Final = 0.5


def hand_over(client: GatewayClient, source: Input, choices: Choices, report: Report) -> list[Export | RunfolioError]:
    """Send what the user has and return the exports that were accepted, and in a batch what was refused."""
    if source.engine is not None:
        params = envelope.payload_params(source.engine, choices)
        return [*client.send_payload(envelope.payload_path(source.engine), params, source.whole())]
    if source.kind is Kind.EVENT:
        return [*client.send_event(envelope.event_headers(source), envelope.event_body(source, choices))]
    if source.kind is Kind.BATCH:
        results = client.send_batch(envelope.event_headers(source), envelope.event_body(source, choices))
        return [one for result in results for one in ([result] if isinstance(result, RunfolioError) else result)]
    headers = envelope.record_headers(source, choices)
    body = _counted(envelope.record_body(source, choices), source.size, report)
    return [*client.send_event(headers, body)]


def _counted(pieces: Iterable[bytes], total: int, report: Report) -> Iterator[bytes]:
    done = 0
    for piece in pieces:
        yield piece
        done += len(piece)
        report(done, max(done, total))


def ready(client: GatewayClient, export: Export, timeout: float, report: Report) -> Export:
    """Wait until an export is ready, at most ``timeout`` seconds; a gateway that is away meanwhile is waited for.

    Raises ExportFailed, Gone where it was revoked or has expired, or Unavailable when the time is over.
    """
    deadline = time.monotonic() + timeout
    while not export.status.settled:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable(
                f"The export {export.id} was not ready within {timeout:g} s.",
                remedy=f"It goes on; its link works as soon as it is ready: {export.download_url}",
            )
        report(export.progress.done, export.progress.total)
        try:
            export = client.export(export.id, wait=min(left, _POLL))
        except Unavailable:
            time.sleep(min(left, _RETRY_AFTER))
    report(export.progress.total, export.progress.total)
    if export.status is not State.READY:
        raise _not_ready(export)
    return export


def _not_ready(export: Export) -> RunfolioError:
    again = f"Run 'runfolio retry {export.id}'."
    if export.status is State.FAILED:
        reason = export.error.detail if export.error else "No reason is known."
        return ExportFailed(f"The export {export.id} failed: {reason}", remedy=again)
    return Gone(f"The export {export.id} of this execution is {export.status.value}.", remedy=again)


def fetch(client: GatewayClient, export: Export, folder: Path, report: Report) -> Path:
    """Download a ready archive into a folder under its own name. Raises RunfolioError unless it arrives whole."""
    archive = export.archive
    if archive is None:
        raise RunfolioError(f"The gateway tells no facts of the archive of {export.id}.", remedy="Follow its link.")
    pieces = _counted(client.download(export.download_url), archive.size, report)
    return save(folder, archive.filename, _verified(pieces, archive))


def _verified(pieces: Iterable[bytes], archive: Archive) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != archive.sha256:
        raise RunfolioError(
            f"What was downloaded of {archive.filename} is not the archive that was made.", remedy="Download it again."
        )
