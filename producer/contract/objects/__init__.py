"""Object storage as Runfolio needs it, and its two implementations: the only speakers of S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})


class StoredObject(NamedTuple):
    """An object's facts. ``size`` is in bytes."""

    key: str
    size: int
    modified_at: datetime
    etag: str


class Content(NamedTuple):
    """An object's bytes with the version that they belong to, for a conditional write."""

    data: bytes
    etag: str


class Upload(NamedTuple):
    """A multipart upload that was begun and is neither complete nor aborted."""

    key: str
    id: str
    begun_at: datetime


class ObjectStore(Protocol):
    """One bucket. Every method raises StorageUnavailable where the store does not answer."""

    def get(self, key: str) -> Content:
        """Read a small object whole. Raises ObjectNotFound."""
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read bytes ``start`` to ``end`` (exclusive) of an object, piece by piece. Raises ObjectNotFound."""
        ...

    def head(self, key: str) -> StoredObject:
        """Tell an object's facts. Raises ObjectNotFound."""
        ...

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        """Write a small object in one request, over whatever is there."""
        ...

    def put_if(
        self,
        key: str,
        data: bytes,
        *,
        etag: str | None,
        content_type: str = "application/json",
        content_disposition: str | None = None,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        """Write a small object only if it is still at version ``etag``, or does not exist where that is None.

        ``metadata`` is kept with it: names in small letters, and at most 2 KB of printable ASCII. Raises ObjectExists
        where it is otherwise.
        """
        ...

    def metadata(self, key: str) -> Mapping[str, str]:
        """Tell the metadata that was written with an object, which is S3's user-defined one. Raises ObjectNotFound."""
        ...

    def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        """Write an object of any size in parts of bounded memory.

        An error raised by ``chunks`` comes out as it is and leaves nothing behind.
        """
        ...

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """List objects whose key starts with ``prefix``, in order of keys, from behind ``after``, object or not.

        The order is that of UTF-8 within a folder. A store that keeps folders (SeaweedFS) puts a folder's objects where
        the folder's name belongs; S3 compares whole keys, slashes included.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, in as few requests as the store allows. A key without an object is no error."""
        ...

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """List multipart uploads under way below ``prefix``; none where the store cannot list them."""
        ...

    def abort(self, upload: Upload) -> None:
        """Drop a multipart upload with all that was sent of it. One that is over is no error."""
        ...

    def sign(self, key: str, expires_in: timedelta) -> str:
        """Return an address from which anybody can GET the object for a while, at the public endpoint."""
        ...

    def ensure_bucket(self) -> None:
        """Create the bucket where it is missing and set its lifecycle rules where the store knows them."""
        ...

    def check(self) -> None:
        """Raise StorageUnavailable unless the bucket answers."""
        ...
