"""What a store's refusals mean: S3 error codes and library errors turned into the project's own errors.

Messages name the bucket, the endpoint and the remedy. They never quote what a library or a store said: that may repeat
an access key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from producer.contract.errors import ObjectExists, ObjectNotFound, RunfolioError, StorageUnavailable


class Place(NamedTuple):
    """Which bucket at which store: what a message needs to name."""

    bucket: str
    endpoint: str

    def __str__(self) -> str:
        return f"bucket '{self.bucket}' at {self.endpoint}"


class _Reason(NamedTuple):
    detail: str
    remedy: str


_CREDENTIALS: Final = _Reason(
    "does not accept the credentials",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or another source of the usual AWS chain, to a valid key.",
)
_FORBIDDEN: Final = _Reason(
    "forbids the request",
    "Check the credentials, and allow them to read, write, list and delete in the bucket.",
)
_BUCKET: Final = _Reason(
    "has no such bucket", "Create the bucket, or correct RUNFOLIO_S3_BUCKET and RUNFOLIO_S3_ENDPOINT_URL."
)
_REGION: Final = _Reason("keeps the bucket in another region", "Set RUNFOLIO_S3_REGION to the region of the bucket.")
_AGAIN: Final = "Send the request again."
_BUSY: Final = _Reason("is overloaded or restarting", _AGAIN)
_FAULT: Final = _Reason(
    "has a fault: it may be overloaded, restarting or full",
    "Send the request again; if it goes on, look into the store's log and at its free space.",
)
_FULL: Final = _Reason("is full", "Make room in the store or enlarge it; what was accepted waits for that.")
_CONTENDED: Final = _Reason("is busy with another write of the same object", _AGAIN)
_OTHER: Final = _Reason("refused the request", "Look the code up in the documentation of the store.")
_CLOCK: Final = _Reason("has another time than this machine", "Set the clocks of both by NTP.")

_REASONS: Final[dict[str, _Reason]] = {
    "401": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "403": _FORBIDDEN,
    "AccessDenied": _FORBIDDEN,
    "404": _BUCKET,
    "NoSuchBucket": _BUCKET,
    "301": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "PermanentRedirect": _REGION,
    "409": _CONTENDED,
    "ConditionalRequestConflict": _CONTENDED,
    "OperationAborted": _CONTENDED,
    "500": _FAULT,
    "507": _FULL,
    "InsufficientStorage": _FULL,
    "QuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "502": _BUSY,
    "503": _BUSY,
    "InternalError": _FAULT,
    "ServiceUnavailable": _BUSY,
    "SlowDown": _BUSY,
    "RequestTimeTooSkewed": _CLOCK,
}

BEHIND_THE_END: Final = frozenset({"InvalidRange", "416"})
"""Codes of a range that starts at or behind the end of the object; every range of an empty object does."""

_NO_OBJECT: Final = frozenset({"NoSuchKey", "404"})
# S3 answers a conditional write over an object that is gone by NoSuchKey.
_NOT_AS_EXPECTED: Final = frozenset({"PreconditionFailed", "412", "NoSuchKey"})


def refused(place: Place, code: str, *, reading: str | None = None, writing: str | None = None) -> RunfolioError:
    """Return the error for a code of S3 or, where the store gave none, an HTTP status.

    ``reading`` and ``writing`` are the key of the object that the request was for.
    """
    # A HEAD request's answer has no body, and so no better code than 404.
    if reading is not None and code in _NO_OBJECT:
        return ObjectNotFound(f"There is no object '{reading}' in the {place}.")
    if reading is not None and code in _NOT_AS_EXPECTED:
        return StorageUnavailable(f"'{reading}' was replaced while it was read ({place}).", remedy=_AGAIN)
    if writing is not None and code in _NOT_AS_EXPECTED:
        return ObjectExists(f"The object '{writing}' in the {place} exists already or has changed meanwhile.")
    reason = _REASONS.get(code, _OTHER)
    return StorageUnavailable(f"The store {reason.detail} ({place}; {code}).", remedy=reason.remedy)


def silent(place: Place) -> StorageUnavailable:
    """Return the error for a store that gives no answer, or breaks off in the middle of it."""
    return StorageUnavailable(
        f"The store does not answer ({place}).",
        remedy="Check that it runs, that RUNFOLIO_S3_ENDPOINT_URL is its address, and that this machine reaches it.",
    )


def without_credentials(place: Place) -> StorageUnavailable:
    """Return the error for credentials that could not be obtained."""
    return StorageUnavailable(f"No credentials could be obtained ({place}).", remedy=_CREDENTIALS.remedy)


def torn(place: Place, key: str, expected: int, stored: int) -> StorageUnavailable:
    """Return the error for an upload that the store confirmed but does not hold in full. Sizes are in bytes."""
    return StorageUnavailable(
        f"The store holds {stored} of the {expected} bytes sent of '{key}' ({place}).",
        remedy="Send the request again; if it happens again, check the store.",
    )


def code_of(error: ClientError) -> str:
    """Tell the code of S3, or the HTTP status as digits."""
    return error.response.get("Error", {}).get("Code") or "without a code"


@contextmanager
def boto_failures(place: Place, *, reading: str | None = None, writing: str | None = None) -> Iterator[None]:
    """Turn boto3's errors into the project's own."""
    try:
        yield
    except ClientError as error:
        # The cause is cut off because a store may repeat the access key in it.
        raise refused(place, code_of(error), reading=reading, writing=writing) from None
    except NoCredentialsError as error:
        raise without_credentials(place) from error
    except (BotoCoreError, Boto3Error) as error:
        raise silent(place) from error
