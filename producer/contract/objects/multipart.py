"""A multipart upload through boto3: parts sent at once, in bounded memory, aborted unless completed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, TypedDict

from producer.contract.errors import RunfolioError
from producer.contract.objects.failures import Place, boto_failures
from producer.contract.objects.parts import PARTS_AT_ONCE

if TYPE_CHECKING:  # the stubs are installed for development only
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

logger = logging.getLogger(__name__)


class Attributes(TypedDict, total=False):
    """Headers that are stored with an object and come back with every download, and how the store encrypts it."""

    ContentType: str
    ContentDisposition: str
    ServerSideEncryption: Literal["aws:kms", "AES256"]
    SSEKMSKeyId: str


class MultipartUpload:
    """One upload of one object. Its errors are the project's own; an error of the parts comes out as it is."""

    def __init__(self, client: S3Client, place: Place, key: str, attributes: Attributes) -> None:
        self._client = client
        self._place = place
        self._key = key
        with boto_failures(place, writing=key):
            created = client.create_multipart_upload(Bucket=place.bucket, Key=key, **attributes)
        self._id = created["UploadId"]

    def send(self, parts: Iterable[bytes]) -> None:
        """Send all parts and make the object appear; on any error nothing of it stays."""
        completed = False
        try:
            self._complete(self._send_all(parts))
            completed = True
        finally:
            if not completed:
                self._abort()

    def _send_all(self, parts: Iterable[bytes]) -> list[CompletedPartTypeDef]:
        sent: list[CompletedPartTypeDef] = []
        under_way: deque[Future[CompletedPartTypeDef]] = deque()
        # Leaving the pool waits for parts under way: one that arrived after the abort would stay behind.
        with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="upload") as pool:
            for number, part in enumerate(parts, start=1):
                if len(under_way) == PARTS_AT_ONCE:
                    sent.append(under_way.popleft().result())
                under_way.append(pool.submit(self._send_part, number, part))
            sent.extend(future.result() for future in under_way)
        return sent

    def _send_part(self, number: int, part: bytes) -> CompletedPartTypeDef:
        with boto_failures(self._place, writing=self._key):
            answer = self._client.upload_part(
                Bucket=self._place.bucket, Key=self._key, UploadId=self._id, PartNumber=number, Body=part
            )
        return {"ETag": answer["ETag"], "PartNumber": number}

    def _complete(self, sent: list[CompletedPartTypeDef]) -> None:
        with boto_failures(self._place, writing=self._key):
            self._client.complete_multipart_upload(
                Bucket=self._place.bucket, Key=self._key, UploadId=self._id, MultipartUpload={"Parts": sent}
            )

    def _abort(self) -> None:
        try:
            with boto_failures(self._place, writing=self._key):
                self._client.abort_multipart_upload(Bucket=self._place.bucket, Key=self._key, UploadId=self._id)
        except RunfolioError as error:
            # The error that led here matters more; the bucket's lifecycle rule clears what is left.
            logger.warning("multipart upload not aborted", extra={"key": self._key, "reason": error.detail})
