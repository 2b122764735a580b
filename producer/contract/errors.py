"""Everything that can go wrong, as one family.

An error carries the sentence for a person (``detail``), where it happened (``field``) and what to do about it
(``remedy``). Client libraries' errors are turned into these inside the adapters; nothing else crosses a border.
"""

from __future__ import annotations


class RunfolioError(Exception):
    """Root of every error that Runfolio raises on purpose."""

    def __init__(self, detail: str, *, field: str | None = None, remedy: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.remedy = remedy


class MalformedBody(RunfolioError):
    """The request's body is not what its Content-Type says: broken JSON, a torn gzip stream, a bad line."""


class TooSlow(RunfolioError):
    """The body comes so slowly, or so late, that it is waited for no longer."""


class InvalidRecord(RunfolioError):
    """The execution record breaks a rule of the record; ``field`` says where."""


class InvalidOptions(RunfolioError):
    """Export options hold an unknown name or value; ``field`` says which."""


class NotCompleted(RunfolioError):
    """The execution is still queued, running or waiting; only completed executions are exported."""


class TooLarge(RunfolioError):
    """A body, a line or a step is above its limit; the detail names the limit."""


class UnsupportedMediaType(RunfolioError):
    """The Content-Type or Content-Encoding is none that is understood here."""


class Unauthenticated(RunfolioError):
    """No token or signature, or one that is not valid."""


class Forbidden(RunfolioError):
    """The token may see the resource but not do this with it."""


class NotFound(RunfolioError):
    """There is no such thing, or the token may not know of it."""


class RateLimited(RunfolioError):
    """More calls came than the limit lets through; the remedy says when to come again."""


class Gone(RunfolioError):
    """The link was revoked or has expired; the remedy says how to export again."""


class Conflict(RunfolioError):
    """The request cannot be carried out in the present state of the resource."""


class ExportFailed(RunfolioError):
    """The export ended in failure; the detail tells the reason."""


class Unavailable(RunfolioError):
    """A server that Runfolio stands on (broker or storage) does not answer; the request may be sent again."""


class StorageUnavailable(Unavailable):
    """The object store does not answer or refuses to work."""


class BrokerUnavailable(Unavailable):
    """The broker does not answer or refuses to work."""


class SourceUnavailable(Unavailable):
    """An engine's API does not answer, or not yet what is asked of it; it is asked again later."""


class SourceFailed(RunfolioError):
    """An engine's API does not give what is to be exported; the detail tells which engine, and why."""


class ObjectNotFound(RunfolioError):
    """No object is stored under the key."""


class ObjectExists(RunfolioError):
    """A conditional write found that an object, or another version of it, is already there."""


class DamagedRecord(RunfolioError):
    """A stored record can no longer be read whole: an object of it is missing, or holds something else."""


class SecretsFound(RunfolioError):
    """A record holds what a rule takes for a secret, and the site refuses rather than masks it."""


class RulesDiffer(RunfolioError):
    """The worker's redaction is not the one that an export was accepted under: another mode, or other rules."""


class LeaseLost(RunfolioError):
    """The worker no longer owns the export that it is working on; it must stop and change nothing."""


class InvalidSetting(RunfolioError):
    """A setting has a wrong value or is missing; the detail names the environment variable."""
