"""Problem details for HTTP APIs (RFC 9457): what is wrong, where, and what to do."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from producer.contract import errors
from producer.contract.errors import RunfolioError


class Problem(Struct, frozen=True, omit_defaults=True):
    """A problem as it is answered and stored. ``field`` and ``remedy`` are extension members (RFC 9457 section 3.2)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    remedy: str | None = None


_KINDS: Final[dict[type[RunfolioError], tuple[str, int, str]]] = {
    errors.MalformedBody: ("malformed-body", 400, "The body could not be read"),
    errors.TooSlow: ("too-slow", 408, "The body came too slowly"),
    errors.InvalidRecord: ("invalid-record", 422, "The execution record is not valid"),
    errors.InvalidOptions: ("invalid-options", 422, "An option or parameter is not valid"),
    errors.NotCompleted: ("not-completed", 409, "The execution has not completed"),
    errors.TooLarge: ("too-large", 413, "Too large"),
    errors.UnsupportedMediaType: ("unsupported-media-type", 415, "The media type is not supported"),
    errors.Unauthenticated: ("unauthenticated", 401, "A valid token or signature is needed"),
    errors.Forbidden: ("forbidden", 403, "The token may not do this"),
    errors.NotFound: ("not-found", 404, "Not found"),
    errors.ObjectNotFound: ("not-found", 404, "Not found"),
    errors.Gone: ("gone", 410, "The link is no longer valid"),
    errors.Conflict: ("conflict", 409, "Not possible in the present state"),
    errors.RateLimited: ("rate-limited", 429, "Too many requests"),
    errors.ExportFailed: ("export-failed", 422, "The export failed"),
    errors.SecretsFound: ("secrets-found", 422, "The execution holds a secret"),
    errors.RulesDiffer: ("redaction-rules-differ", 409, "The worker has other redaction rules"),
    errors.DamagedRecord: ("damaged-record", 500, "The stored execution is damaged"),
    errors.StorageUnavailable: ("storage-unavailable", 503, "The storage does not work at the moment"),
    errors.BrokerUnavailable: ("broker-unavailable", 503, "The broker does not work at the moment"),
    errors.SourceUnavailable: ("source-unavailable", 503, "The engine does not work at the moment"),
    errors.SourceFailed: ("source-failed", 422, "The engine did not give the execution"),
    errors.Unavailable: ("unavailable", 503, "Not available at the moment"),
}
_INTERNAL: Final = ("internal", 500, "Internal error")

NAMESPACE: Final = "urn:runfolio:problem:"


def problem_of(error: RunfolioError) -> Problem:
    """Describe an error as a problem with a stable type."""
    name, status, title = _KINDS.get(type(error), _INTERNAL)
    return Problem(f"{NAMESPACE}{name}", title, status, error.detail, error.field, error.remedy)
