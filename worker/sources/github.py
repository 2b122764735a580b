"""GitHub's REST API: one attempt of a workflow run, its jobs, and where it is allowed their logs.

A log lies elsewhere: the API answers with a redirect to a store of files. It is followed, once and without
credentials, to hosts that the operator has named.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from producer.contract.errors import SourceFailed
from worker.sources.client import Client, object_of, rows_of
from worker.sources.http import Line, Place, TooMuch, place_of, resolved, resolved_publicly
from worker.wire import Unreached

_PAGE: Final = 100
_LOG_SECONDS: Final = 60.0
_LONGEST_LOG: Final = 16 * 1024 * 1024


class GitHub:
    """Asks for runs by ``repository``, ``run`` and ``attempt``."""

    def __init__(self, log_hosts: tuple[str, ...], tls: Callable[[], ssl.SSLContext]) -> None:
        self._log_hosts = log_hosts
        self._tls = tls

    def sign_in(self, client: Client, token: str) -> None:
        """Send a token."""
        client.headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if token:
            client.headers["Authorization"] = f"Bearer {token}"

    def head(self, client: Client, ids: Mapping[str, str]) -> dict[str, Any]:
        """Fetch the attempt."""
        return {"workflow_run": object_of(client, client.get(*_attempt(ids)))}

    def rest(self, client: Client, ids: Mapping[str, str], head: dict[str, Any]) -> dict[str, Any]:
        """Fetch the jobs, and their logs."""
        jobs = list(_jobs(client, ids))
        logs = dict(self._logs(client, ids, jobs)) if self._log_hosts else {}
        return {**head, "jobs": {"total_count": len(jobs), "jobs": jobs}, **({"logs": logs} if logs else {})}

    def kept(self, told: dict[str, Any]) -> dict[str, Any]:
        """Keep what the webhook says beside the run: workflow, repository, who sent it."""
        return told if isinstance(told.get("workflow_run"), dict) else {}

    def _logs(self, client: Client, ids: Mapping[str, str], jobs: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        for job in jobs:
            if job.get("conclusion") == "skipped" or not isinstance(job.get("id"), int):
                continue
            path = (*_repository(ids), "actions", "jobs", str(job["id"]), "logs")
            text = client.lenient("the log of a job", partial(self._log, client, path))
            if isinstance(text, str):
                yield str(job["id"]), text

    def _log(self, client: Client, path: tuple[str, ...]) -> str:
        answer = client.fetch("GET", path, {})
        body = answer.body if answer.status < 300 else self._elsewhere(client, answer.headers.get("location", ""))
        return body.decode("utf-8-sig", "replace")

    def _elsewhere(self, client: Client, address: str) -> bytes:
        """Fetch a log from where the API says that it lies. The address is a permission, and is shown nowhere."""
        place = place_of(address)
        rule = None if place is None else next((one for one in self._log_hosts if _covers(one, place)), None)
        if place is None or rule is None:
            host = place.origin if place is not None else "an address that is none"
            raise SourceFailed(f"it lies at {host}, which RUNFOLIO_SOURCE_GITHUB_LOG_HOSTS does not name")
        parts = urlsplit(address)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        with Line(place, self._tls(), resolved_publicly if "*" in rule else resolved) as line:
            try:
                answer = line.ask("GET", target, {}, b"", seconds=_LOG_SECONDS, most=client.room(_LONGEST_LOG))
            except (Unreached, TooMuch) as error:
                raise SourceFailed(f"{place.origin}: {error.detail}") from None
        if answer.status != 200:
            raise SourceFailed(f"{place.origin} answered {answer.status}")
        client.take(len(answer.body))
        return answer.body


def _covers(rule: str, place: Place) -> bool:
    """Tell whether a rule names a place: ``host`` means HTTPS, anything else is written with its scheme."""
    return fnmatchcase(place.origin, rule if "://" in rule else f"https://{rule}")


def _repository(ids: Mapping[str, str]) -> tuple[str, ...]:
    owner, _, name = ids["repository"].partition("/")
    return ("repos", owner, name)


def _attempt(ids: Mapping[str, str]) -> tuple[str, ...]:
    return (*_repository(ids), "actions", "runs", ids["run"], "attempts", ids["attempt"])


def _jobs(client: Client, ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    seen, page = 0, 1
    while True:
        answer = client.get(*_attempt(ids), "jobs", per_page=_PAGE, page=page)
        rows = rows_of(client, answer, "jobs")
        yield from (object_of(client, row) for row in rows)
        seen, page = seen + len(rows), page + 1
        total = answer.get("total_count") if isinstance(answer, dict) else None
        if not rows or (isinstance(total, int) and seen >= total):
            return
