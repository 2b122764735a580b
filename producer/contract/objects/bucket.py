"""The bucket itself: whether it answers, creating it, its lifecycle. Shared by both clients, through boto3."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from producer.contract.objects import Upload
from producer.contract.objects.failures import Place, boto_failures, code_of

if TYPE_CHECKING:  # the stubs are installed for development only
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        CreateBucketConfigurationTypeDef,
        LifecycleRuleOutputTypeDef,
        ListMultipartUploadsOutputTypeDef,
    )

logger = logging.getLogger(__name__)

RULE_ID: Final = "runfolio-abort-incomplete-uploads"
_DEFAULT_REGION: Final = "us-east-1"
_NOT_KNOWN: Final = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})


class Bucket:
    """One bucket at one store. Every method raises StorageUnavailable where the store does not answer."""

    def __init__(self, client: S3Client, place: Place) -> None:
        self._client = client
        self._place = place

    def check(self) -> None:
        """Raise StorageUnavailable unless the bucket is there and the credentials are good for it."""
        with boto_failures(self._place):
            self._client.head_bucket(Bucket=self._place.bucket)

    def ensure(self) -> None:
        """Create the bucket where it is missing; let the store clear broken uploads where it knows how."""
        with boto_failures(self._place):
            if not self._exists():
                self._create()
            self._clear_broken_uploads()

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """List multipart uploads under way; none where the store lists no uploads."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._place.bucket, Prefix=prefix)
        for page in self._pages(iter(pages)):
            for found in page.get("Uploads", ()):
                yield Upload(found["Key"], found["UploadId"], found["Initiated"])

    def _pages(self, pages: Iterator[ListMultipartUploadsOutputTypeDef]) -> Iterator[ListMultipartUploadsOutputTypeDef]:
        while True:
            with boto_failures(self._place):
                try:
                    page = next(pages, None)
                except ClientError as error:
                    if code_of(error) not in _NOT_KNOWN:
                        raise
                    logger.info("store lists no uploads", extra={"bucket": self._place.bucket})
                    return
            if page is None:
                return
            yield page

    def abort(self, upload: Upload) -> None:
        """Drop a multipart upload. One that is over is no error."""
        with boto_failures(self._place):
            try:
                self._client.abort_multipart_upload(Bucket=self._place.bucket, Key=upload.key, UploadId=upload.id)
            except ClientError as error:
                if code_of(error) not in {"NoSuchUpload", "404"}:
                    raise

    def _exists(self) -> bool:
        try:
            self._client.head_bucket(Bucket=self._place.bucket)
        except ClientError as error:
            if code_of(error) in {"404", "NoSuchBucket"}:
                return False
            raise
        return True

    def _create(self) -> None:
        region = self._client.meta.region_name
        # S3 takes every region but its first one as a constraint.
        where: CreateBucketConfigurationTypeDef = {}
        if region != _DEFAULT_REGION:
            where = {"LocationConstraint": region}  # type: ignore[typeddict-item] # the stubs list AWS's own regions
        try:
            if where:
                self._client.create_bucket(Bucket=self._place.bucket, CreateBucketConfiguration=where)
            else:
                self._client.create_bucket(Bucket=self._place.bucket)
        except ClientError as error:
            # Another process that starts at the same moment may have been faster.
            if code_of(error) not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
        logger.info("bucket created", extra={"bucket": self._place.bucket})

    def _clear_broken_uploads(self) -> None:
        """Add the rule to those that an operator may have set; a store without lifecycle rules is no error."""
        try:
            rules = self._lifecycle_rules()
            if any("AbortIncompleteMultipartUpload" in rule for rule in rules):
                return
            self._client.put_bucket_lifecycle_configuration(
                Bucket=self._place.bucket,
                LifecycleConfiguration={
                    "Rules": [
                        *rules,
                        {
                            "ID": RULE_ID,
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        },
                    ]
                },
            )
        except ClientError as error:
            logger.warning("bucket lifecycle not set", extra={"bucket": self._place.bucket, "code": code_of(error)})

    def _lifecycle_rules(self) -> list[LifecycleRuleOutputTypeDef]:
        try:
            return self._client.get_bucket_lifecycle_configuration(Bucket=self._place.bucket)["Rules"]
        except ClientError as error:
            if code_of(error) == "NoSuchLifecycleConfiguration":
                return []
            raise
