"""ObjectStore through obstore: the fast client, and the default."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from producer.contract.objects import NO_METADATA, Content, StoredObject, Upload
from producer.contract.objects.bucket import Bucket
from producer.contract.objects.failures import BEHIND_THE_END, Place, refused, silent, torn, without_credentials
from producer.contract.objects.parts import DELETES_AT_ONCE, PART_SIZE, PARTS_AT_ONCE, Source, batches, cut
from producer.contract.objects.pieces import NOTHING, Piece, pieces
from producer.contract.objects.relay import relay

if TYPE_CHECKING:  # obstore has these types in its stubs only
    from obstore import Attributes, GetOptions, ObjectMeta

_S3_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_HTTP_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (FileNotFoundError, "404"),
    (AlreadyExistsError, "412"),
    (PreconditionError, "412"),
    (PermissionDeniedError, "403"),
)
_PAGE: Final = 1000
_HEADERS: Final = frozenset(
    {"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type"}
)
"""Attributes that are no metadata."""


class ObstoreObjects:
    """One bucket through three ready stores of obstore, and a Bucket for what obstore cannot do.

    ``small`` gives up soon, ``bulk`` has patience for uploads and downloads, ``public`` signs addresses and is never
    connected. ``bucket`` is called when it is first needed: a worker never needs it, and its client takes long to make.
    """

    def __init__(
        self, place: Place, small: S3Store, bulk: S3Store, public: S3Store, bucket: Callable[[], Bucket]
    ) -> None:
        self._place = place
        self._small = small
        self._bulk = bulk
        self._public = public
        self._make_bucket = bucket
        self._making = threading.Lock()
        self._made: Bucket | None = None

    @property
    def _bucket(self) -> Bucket:
        with self._making:  # boto3 does not make clients in several threads at once.
            if self._made is None:
                self._made = self._make_bucket()
            return self._made

    def get(self, key: str) -> Content:
        """Read a small object whole. Raises ObjectNotFound."""
        with self._failures(reading=key):
            result = obstore.get(self._small, key)
            return Content(bytes(result.bytes()), result.meta["e_tag"] or "")

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read bytes ``start`` to ``end`` (exclusive) of an object, piece by piece. Raises ObjectNotFound."""
        return pieces(partial(self._read_piece, key), start, end)

    def _read_piece(self, key: str, start: int, end: int, etag: str | None) -> Piece:
        options: GetOptions = {"range": (start, end)}
        if etag is not None:
            options["if_match"] = etag
        with self._failures(reading=key):
            try:
                result = obstore.get(self._bulk, key, options=options)
            except BaseError as error:
                if etag is None and _code_of(error) in BEHIND_THE_END:
                    return NOTHING
                raise
            return Piece(bytes(result.bytes()), result.meta["e_tag"] or "", result.meta["size"])

    def head(self, key: str) -> StoredObject:
        """Tell an object's facts. Raises ObjectNotFound."""
        with self._failures(reading=key):
            return _stored(obstore.head(self._small, key))

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        """Write a small object in one request, over whatever is there."""
        self._put(self._small, key, data, _attributes(content_type, content_disposition))

    def _put(self, store: S3Store, key: str, data: bytes, attributes: Attributes) -> None:
        with self._failures(writing=key):
            obstore.put(store, key, data, attributes=attributes, use_multipart=False)

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

        Raises ObjectExists where it is otherwise; also over its own write, where the answer to that was lost.
        """
        attributes = _attributes(content_type, content_disposition)
        attributes.update(metadata)
        with self._failures(writing=key):
            obstore.put(
                self._small, key, data, attributes=attributes, mode="create" if etag is None else {"e_tag": etag}
            )

    def metadata(self, key: str) -> Mapping[str, str]:
        """Tell the metadata that was written with an object. Raises ObjectNotFound."""
        with self._failures(reading=key):
            attributes = obstore.get(self._small, key, options={"head": True}).attributes
        return {str(name): value for name, value in attributes.items() if name not in _HEADERS}

    def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        """Write an object of any size in parts of bounded memory.

        An error raised by ``chunks`` comes out as it is and leaves nothing behind. What fits into one part is one
        request. Raises TooLarge above 48 GiB, and StorageUnavailable where the store does not hold every byte in the
        end.
        """
        attributes = _attributes(content_type, content_disposition)
        source = Source(chunks)
        parts = cut(source)
        first = tuple(islice(parts, 2))
        if len(first) < 2:
            self._put(self._bulk, key, b"".join(first), attributes)
            return
        relay(chain(first, parts), partial(self._put_parts, key, attributes=attributes))
        stored = self.head(key).size
        if stored != source.size:
            raise torn(self._place, key, source.size, stored)

    def _put_parts(self, key: str, parts: Iterable[bytes], attributes: Attributes) -> None:
        with self._failures(writing=key):
            obstore.put(
                self._bulk,
                key,
                parts,
                attributes=attributes,
                chunk_size=PART_SIZE,
                max_concurrency=PARTS_AT_ONCE,
            )

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """List objects whose key starts with ``prefix``, in order of keys, from behind the key ``after``."""
        # This client takes a prefix to be a folder; the rest of the name is compared here.
        folder = prefix[: prefix.rfind("/") + 1]
        pages = obstore.list(self._small, folder or None, offset=after, chunk_size=_PAGE)
        while True:
            with self._failures():
                page = next(pages, None)
            if page is None:
                return
            yield from (_stored(meta) for meta in page if meta["path"].startswith(prefix))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, a thousand in a request. A key without an object is no error."""
        for batch in batches(keys, DELETES_AT_ONCE):
            with self._failures():
                obstore.delete(self._small, batch)

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """List multipart uploads under way below ``prefix``; none where the store cannot list them."""
        return self._bucket.uploads(prefix)

    def abort(self, upload: Upload) -> None:
        """Drop a multipart upload with all that was sent of it. One that is over is no error."""
        self._bucket.abort(upload)

    def sign(self, key: str, expires_in: timedelta) -> str:
        """Return an address from which anybody can GET the object for a while, at the public endpoint."""
        with self._failures():
            return obstore.sign(self._public, "GET", key, expires_in)

    def ensure_bucket(self) -> None:
        """Create the bucket where it is missing and set its lifecycle rules where the store knows them."""
        self._bucket.ensure()

    def check(self) -> None:
        """Raise StorageUnavailable unless the bucket answers."""
        self._bucket.check()

    @contextmanager
    def _failures(self, *, reading: str | None = None, writing: str | None = None) -> Iterator[None]:
        """Turn obstore's errors, some of them built-in ones, into the project's own."""
        try:
            yield
        except (BaseError, FileNotFoundError, ValueError) as error:
            code = _code_of(error)
            if code is not None:
                # The cause is cut off because it holds the store's answer, which may repeat the access key.
                raise refused(self._place, code, reading=reading, writing=writing) from None
            if isinstance(error, UnauthenticatedError):
                raise without_credentials(self._place) from error
            raise silent(self._place) from error


def _code_of(error: Exception) -> str | None:
    """Find the code of S3, or the HTTP status, which obstore tells in its message only."""
    text = str(error)
    told = _S3_CODE.search(text) or _HTTP_STATUS.search(text)
    if told is not None:
        return told[1]
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)


def _stored(meta: ObjectMeta) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"] or "")


def _attributes(content_type: str, content_disposition: str | None) -> Attributes:
    if content_disposition is None:
        return {"Content-Type": content_type}
    return {"Content-Type": content_type, "Content-Disposition": content_disposition}
