from __future__ import annotations

import logging
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from producer.contract.errors import StorageUnavailable
from producer.contract.objects.failures import Place
from producer.contract.objects.multipart import MultipartUpload
from producer.contract.objects.parts import PARTS_AT_ONCE

PLACE = Place("files", "http://store")
LOST = ClientError({"Error": {"Code": "InternalError"}}, "Operation")
DENIED = ClientError({"Error": {"Code": "AccessDenied"}}, "Operation")


def client() -> mock.Mock:
    def upload_part(**request: Any) -> dict[str, str]:
        if request["Body"] == b"lost":
            raise LOST
        return {"ETag": f"etag-{request['PartNumber']}"}

    return mock.Mock(
        **{
            "create_multipart_upload.return_value": {"UploadId": "upload"},
            "upload_part.side_effect": upload_part,
        }
    )


def test_parts_are_completed_in_order() -> None:
    store = client()
    MultipartUpload(store, PLACE, "key", {}).send([b"part"] * (3 * PARTS_AT_ONCE))
    completed = store.complete_multipart_upload.call_args.kwargs["MultipartUpload"]["Parts"]
    assert completed == [{"ETag": f"etag-{n}", "PartNumber": n} for n in range(1, 3 * PARTS_AT_ONCE + 1)]
    store.abort_multipart_upload.assert_not_called()


@pytest.mark.parametrize("position", [0, PARTS_AT_ONCE + 1, 2 * PARTS_AT_ONCE])
def test_a_lost_part_aborts_the_upload(position: int) -> None:
    store = client()
    parts = [b"part"] * (2 * PARTS_AT_ONCE)
    parts.insert(position, b"lost")
    with pytest.raises(StorageUnavailable, match="overloaded"):
        MultipartUpload(store, PLACE, "key", {}).send(parts)
    store.complete_multipart_upload.assert_not_called()
    # The last call: no part may still be on its way when the upload is aborted.
    assert store.method_calls[-1] == mock.call.abort_multipart_upload(Bucket="files", Key="key", UploadId="upload")


def test_an_abort_that_fails_does_not_hide_why(caplog: pytest.LogCaptureFixture) -> None:
    store = client()
    store.abort_multipart_upload.side_effect = DENIED
    with caplog.at_level(logging.WARNING), pytest.raises(StorageUnavailable, match="overloaded"):
        MultipartUpload(store, PLACE, "key", {}).send([b"lost"])
    assert [record.message for record in caplog.records] == ["multipart upload not aborted"]
