"""One attempt to deliver a callback: check, sign, send, and judge the answer."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

from producer.contract import webhooks
from producer.contract.callbacks import AllowList, CallbackEntry
from producer.contract.export import Export
from worker.callbacks.addresses import Resolve, checked_addresses, system_resolver
from worker.callbacks.event import CONTENT_TYPE, event_body
from worker.callbacks.outcome import Outcome, Undelivered, Verdict
from worker.callbacks.transport import DEFAULT_LIMITS, Answer, Limits, post

_USER_AGENT: Final = "Runfolio"


@dataclass(frozen=True)
class Sender:
    """Sends callbacks, signed by Standard Webhooks. Raises InvalidSetting for a secret that is none.

    ``source`` is PUBLIC_URL. Certificates are checked against ``tls``: the bundle that SSL_CERT_FILE or SSL_CERT_DIR
    names, else the one of certifi.
    """

    secret: str = field(repr=False)
    source: str
    allow: AllowList = field(default_factory=AllowList)
    resolve: Resolve = system_resolver
    limits: Limits = DEFAULT_LIMITS
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)

    def __post_init__(self) -> None:
        """Refuse a wrong secret at the start rather than at the first callback."""
        webhooks.decode_secret(self.secret, name="RUNFOLIO_CALLBACK_SECRET")

    def deliver(self, entry: CallbackEntry, export: Export, settled_at: datetime, now: datetime) -> Outcome:
        """Tell one receiver of one settled export; whatever goes wrong on the way is an outcome, not an error."""
        body = event_body(entry.message_id, self.source, export, settled_at)
        headers = {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": _USER_AGENT,
            **webhooks.sign(self.secret, entry.message_id, int(now.timestamp()), body),
        }
        try:
            addresses = checked_addresses(entry.target, self.allow, self.resolve)
            answer = post(entry.target, addresses, headers, body, tls=self.tls, limits=self.limits)
        except Undelivered as error:
            return Outcome(Verdict.RETRY, error.detail)
        return judge(answer, now)


def judge(answer: Answer, now: datetime) -> Outcome:
    """Tell what follows from an answer.

    Any 2xx has taken the callback, and 410 wants no more of them (Standard Webhooks, "Delivery guarantees"). The rest
    is sent again, other 4xx too: receivers that are being deployed or misconfigured answer 404, 401 and worse for a
    while. A redirect counts as a failure, since it would lead to an address that nobody has checked.
    """
    status = answer.status
    if 200 <= status < 300:
        return Outcome(Verdict.DELIVERED, "The receiver has taken it.", status)
    if status == HTTPStatus.GONE:
        return Outcome(Verdict.GIVEN_UP, "The receiver answered 410: it wants no more of these.", status)
    if 300 <= status < 400:
        reason = f"The receiver answered {status}; redirects are not followed, give the final address."
    else:
        reason = f"The receiver answered {status}."
    return Outcome(Verdict.RETRY, reason, status, _seconds(answer.retry_after, now))


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds or a date (RFC 9110, section 10.2.3); ``None`` for one that is neither."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
