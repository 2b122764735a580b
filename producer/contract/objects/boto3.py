"""ObjectStore through boto3: Amazon's own client, for stores that the other client does not get on with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from producer.contract.objects import NO_METADATA, Content, StoredObject, Upload
from producer.contract.objects.bucket import Bucket
from producer.contract.objects.encryption import Encryption
from producer.contract.objects.failures import BEHIND_THE_END, Place, boto_failures, code_of, refused, torn
from producer.contract.objects.multipart import Attributes, MultipartUpload
from producer.contract.objects.parts import DELETES_AT_ONCE, Source, batches, cut
from producer.contract.objects.pieces import NOTHING, Piece, pieces

if TYPE_CHECKING:  # the stubs are installed for development only
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import DeleteObjectsOutputTypeDef


class Boto3Objects:
    """One bucket through three ready clients.

    ``small`` gives up soon, ``bulk`` has patience for uploads and downloads, ``public`` signs addresses and is never
    connected. The store is asked for ``encryption`` of whatever is written.
    """

    def __init__(
        self,
        place: Place,
        small: S3Client,
        bulk: S3Client,
        public: S3Client,
        encryption: Encryption | None = None,
    ) -> None:
        self._place = place
        self._small = small
        self._bulk = bulk
        self._public = public
        self._bucket = Bucket(small, place)
        self._encryption = _encryption(encryption)

    def get(self, key: str) -> Content:
        """Read a small object whole. Raises ObjectNotFound."""
        with boto_failures(self._place, reading=key):
            answer = self._small.get_object(Bucket=self._place.bucket, Key=key)
            return Content(answer["Body"].read(), answer["ETag"])

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read bytes ``start`` to ``end`` (exclusive) of an object, piece by piece. Raises ObjectNotFound."""
        return pieces(partial(self._read_piece, key), start, end)

    def _read_piece(self, key: str, start: int, end: int, etag: str | None) -> Piece:
        condition: Any = {} if etag is None else {"IfMatch": etag}
        with boto_failures(self._place, reading=key):
            try:
                answer = self._bulk.get_object(
                    Bucket=self._place.bucket, Key=key, Range=f"bytes={start}-{end - 1}", **condition
                )
            except ClientError as error:
                if etag is None and code_of(error) in BEHIND_THE_END:
                    return NOTHING
                raise
            size = int(answer["ContentRange"].rpartition("/")[2])
            return Piece(answer["Body"].read(), answer["ETag"], size)

    def head(self, key: str) -> StoredObject:
        """Tell an object's facts. Raises ObjectNotFound."""
        with boto_failures(self._place, reading=key):
            answer = self._small.head_object(Bucket=self._place.bucket, Key=key)
        return StoredObject(key, answer["ContentLength"], answer["LastModified"], answer["ETag"])

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        """Write a small object in one request, over whatever is there."""
        self._put(self._small, key, data, self._attributes(content_type, content_disposition))

    def _put(self, client: S3Client, key: str, data: bytes, attributes: Attributes) -> None:
        with boto_failures(self._place, writing=key):
            client.put_object(Bucket=self._place.bucket, Key=key, Body=data, **attributes)

    def _attributes(self, content_type: str, content_disposition: str | None) -> Attributes:
        attributes: Attributes = {"ContentType": content_type, **self._encryption}
        return attributes if content_disposition is None else {**attributes, "ContentDisposition": content_disposition}

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
        condition: Any = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        attributes = self._attributes(content_type, content_disposition)
        with boto_failures(self._place, writing=key):
            self._small.put_object(
                Bucket=self._place.bucket, Key=key, Body=data, Metadata=dict(metadata), **attributes, **condition
            )

    def metadata(self, key: str) -> Mapping[str, str]:
        """Tell the metadata that was written with an object. Raises ObjectNotFound."""
        with boto_failures(self._place, reading=key):
            return self._small.head_object(Bucket=self._place.bucket, Key=key)["Metadata"]

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
        attributes = self._attributes(content_type, content_disposition)
        source = Source(chunks)
        parts = cut(source)
        first = tuple(islice(parts, 2))
        if len(first) < 2:
            self._put(self._bulk, key, b"".join(first), attributes)
            return
        MultipartUpload(self._bulk, self._place, key, attributes).send(chain(first, parts))
        stored = self.head(key).size
        if stored != source.size:
            raise torn(self._place, key, source.size, stored)

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """List objects whose key starts with ``prefix``, in order of keys, from behind the key ``after``."""
        request: Any = {"Bucket": self._place.bucket, "Prefix": prefix, "StartAfter": after or ""}
        while True:
            with boto_failures(self._place):
                page = self._small.list_objects_v2(**request)
            for found in page.get("Contents", ()):
                yield StoredObject(found["Key"], found["Size"], found["LastModified"], found["ETag"])
            if not page["IsTruncated"]:
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, a thousand in a request. A key without an object is no error."""
        for batch in batches(keys, DELETES_AT_ONCE):
            with boto_failures(self._place):
                answer = self._small.delete_objects(
                    Bucket=self._place.bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
            self._raise_undeleted(answer)

    def _raise_undeleted(self, answer: DeleteObjectsOutputTypeDef) -> None:
        for failure in answer.get("Errors", ()):
            code = failure.get("Code", "without a code")
            if code != "NoSuchKey":
                raise refused(self._place, code)

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """List multipart uploads under way below ``prefix``; none where the store cannot list them."""
        return self._bucket.uploads(prefix)

    def abort(self, upload: Upload) -> None:
        """Drop a multipart upload with all that was sent of it. One that is over is no error."""
        self._bucket.abort(upload)

    def sign(self, key: str, expires_in: timedelta) -> str:
        """Return an address from which anybody can GET the object for a while, at the public endpoint."""
        with boto_failures(self._place):
            return self._public.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._place.bucket, "Key": key},
                ExpiresIn=int(expires_in.total_seconds()),
            )

    def ensure_bucket(self) -> None:
        """Create the bucket where it is missing and set its lifecycle rules where the store knows them."""
        self._bucket.ensure()

    def check(self) -> None:
        """Raise StorageUnavailable unless the bucket answers."""
        self._bucket.check()


def _encryption(encryption: Encryption | None) -> Attributes:
    if encryption is None:
        return {}
    attributes: Attributes = {"ServerSideEncryption": encryption.algorithm}
    return attributes if encryption.kms_key_id is None else {**attributes, "SSEKMSKeyId": encryption.kms_key_id}
