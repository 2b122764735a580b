"""A round trip through an installation: from an event to an archive downloaded through the public address."""

from __future__ import annotations

import socket
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, NamedTuple

from producer.contract import jsontext
from producer.contract.errors import Gone, NotFound, RunfolioError, Unavailable
from producer.contract.export import Export, Options, State
from runfolio.client import GatewayClient
from runfolio.sending import ready

WORKFLOW: Final = "runfolio:doctor"
_STEP: Final = "examination"
_MOMENT: Final = "2000-01-01T00:00:00Z"


class Check(NamedTuple):
    """What was checked and what came of it; ``remedy`` is there where it went wrong."""

    passed: bool
    text: str
    remedy: str | None = None


class Doctor:
    """Examines one installation.

    The execution that it sends is the same each time, so that a doctor who comes every minute fills no storage: it is
    stored once, and its export is made anew and deleted on each visit.
    """

    def __init__(self, client: GatewayClient, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self._export: Export | None = None

    def checks(self) -> Iterator[Check]:
        """Yield the checks in the order of the round trip, up to the first that fails; then clean up."""
        journey = (self._gateway, self._servers, self._event, self._request, self._archive, self._link)
        for act in journey:
            check = _tried(act)
            yield check
            if not check.passed:
                break
        if self._export is not None:
            yield _tried(self._clean)

    def _gateway(self) -> str:
        self._client.alive()
        return f"The gateway answers at {self._client.target.url}."

    def _servers(self) -> str:
        known = self._client.readiness()
        # The round trip itself proves that a worker works; here it is only told what the gateway knows.
        workers, large = known.get("workers"), known.get("large_workers")
        return f"Broker and storage answer the gateway; workers that it knows: {workers}, for large executions {large}."

    def _event(self) -> str:
        self._client.send_event(_headers(), _event_body())
        return "An event is accepted and stored."

    def _request(self) -> str:
        workflow, execution = WORKFLOW, _execution_id()
        export = self._client.request_export(workflow, execution, Options())
        if export.status is State.READY:
            # What an earlier visit left behind proves nothing today.
            self._client.delete(export.id)
            export = self._client.request_export(workflow, execution, Options())
        self._export = export
        return f"The export {export.id} is queued."

    def _archive(self) -> str:
        began = time.monotonic()
        try:
            self._export = ready(self._client, self._asked_for, self._timeout, lambda _done, _total: None)
        except Unavailable as error:
            raise Unavailable(
                error.detail, remedy="Start a worker with 'runfolio worker', or look into the workers' logs."
            ) from None
        return f"A worker made the archive within {time.monotonic() - began:.1f} s."

    def _link(self) -> str:
        export = self._asked_for
        try:
            with tempfile.SpooledTemporaryFile() as file:
                for piece in self._client.download(export.download_url):
                    file.write(piece)
                _check_zip(file)
        except (Unavailable, NotFound, Gone) as error:
            raise Unavailable(
                error.detail,
                remedy="Check RUNFOLIO_PUBLIC_URL and RUNFOLIO_S3_PUBLIC_ENDPOINT_URL: both must be reached from here.",
            ) from None
        return f"The link works through {_origin(export.download_url)}, and the archive is whole."

    def _clean(self) -> str:
        self._client.delete(self._asked_for.id)
        return "The archive is deleted again and its link revoked."

    @property
    def _asked_for(self) -> Export:
        if self._export is None:
            raise RunfolioError("No export was asked for.")
        return self._export


def _tried(act: Callable[[], str]) -> Check:
    try:
        return Check(passed=True, text=act())
    except RunfolioError as error:
        return Check(passed=False, text=error.detail, remedy=error.remedy)


def _origin(url: str) -> str:
    return url.partition("/d/")[0]


def _execution_id() -> str:
    """Return one id for each machine, so that two doctors do not delete each other's archives."""
    return socket.gethostname() or "localhost"


def _headers() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": f"doctor-{_execution_id()}",
        "ce-source": "runfolio-doctor",
        "ce-type": "runfolio.execution.completed.v1",
    }


def _event_body() -> bytes:
    times = {"started_at": _MOMENT, "finished_at": _MOMENT}
    record: dict[str, Any] = {
        "workflow": {"id": WORKFLOW, "name": "runfolio doctor"},
        "execution": {"id": _execution_id(), "status": "succeeded", **times},
        "steps": [{"name": _STEP, "status": "succeeded", **times, "output": "A round trip."}],
        # Stored only: the export is asked for by its own, since a second event of the same content revives nothing.
        "export": [],
    }
    return jsontext.encode(record)


def _check_zip(file: IO[bytes]) -> None:
    """Raise RunfolioError unless the file is the archive that the doctor's execution makes."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.namelist() == [f"{_STEP}_success.md"] and archive.testzip() is None:
                return
    except (zipfile.BadZipFile, zlib.error):
        pass
    raise RunfolioError(
        "What the link gives is not the archive.",
        remedy="Check that nothing between here and the storage changes answers, such as a proxy's error page.",
    )
