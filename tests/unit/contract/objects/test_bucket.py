from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from producer.contract.errors import StorageUnavailable
from producer.contract.objects import Upload
from producer.contract.objects.bucket import RULE_ID, Bucket
from producer.contract.objects.failures import Place

PLACE = Place("files", "http://store")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Operation")


def client(**behaviour: Any) -> mock.Mock:
    """A client of a store that has the bucket and no lifecycle, but for what is given."""
    standing = {
        "meta.region_name": "us-east-1",
        "get_bucket_lifecycle_configuration.side_effect": refusal("NoSuchLifecycleConfiguration"),
    }
    return mock.Mock(**(standing | {name.replace("__", "."): value for name, value in behaviour.items()}))


def rules_set(store: mock.Mock) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = store.put_bucket_lifecycle_configuration.call_args.kwargs["LifecycleConfiguration"][
        "Rules"
    ]
    return rules


def test_an_existing_bucket_is_not_created_but_gets_the_rule() -> None:
    store = client()
    Bucket(store, PLACE).ensure()
    store.create_bucket.assert_not_called()
    (rule,) = rules_set(store)
    assert rule["ID"] == RULE_ID
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-east-1", {"Bucket": "files"}),
        (
            "eu-west-1",
            {"Bucket": "files", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
        ),
    ],
)
def test_a_missing_bucket_is_created_in_its_region(region: str, expected: dict[str, Any]) -> None:
    store = client(head_bucket__side_effect=refusal("404"), meta__region_name=region)
    Bucket(store, PLACE).ensure()
    store.create_bucket.assert_called_once_with(**expected)


def test_another_process_may_create_the_bucket_first() -> None:
    store = client(
        head_bucket__side_effect=refusal("404"), create_bucket__side_effect=refusal("BucketAlreadyOwnedByYou")
    )
    Bucket(store, PLACE).ensure()
    store.put_bucket_lifecycle_configuration.assert_called_once()


def test_an_operators_rules_stay() -> None:
    theirs = {"ID": "theirs", "Status": "Enabled", "Expiration": {"Days": 90}}
    store = client(
        get_bucket_lifecycle_configuration__side_effect=None,
        get_bucket_lifecycle_configuration__return_value={"Rules": [theirs]},
    )
    Bucket(store, PLACE).ensure()
    assert [rule["ID"] for rule in rules_set(store)] == ["theirs", RULE_ID]


def test_a_rule_that_does_the_same_is_enough() -> None:
    theirs = {"ID": "theirs", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    store = client(
        get_bucket_lifecycle_configuration__side_effect=None,
        get_bucket_lifecycle_configuration__return_value={"Rules": [theirs]},
    )
    Bucket(store, PLACE).ensure()
    store.put_bucket_lifecycle_configuration.assert_not_called()


@pytest.mark.parametrize("code", ["NotImplemented", "MalformedXML", "AccessDenied"])
def test_a_store_without_lifecycles_is_noted_only(code: str, caplog: pytest.LogCaptureFixture) -> None:
    store = client(put_bucket_lifecycle_configuration__side_effect=refusal(code))
    with caplog.at_level(logging.WARNING):
        Bucket(store, PLACE).ensure()
    assert [record.message for record in caplog.records] == ["bucket lifecycle not set"]


@pytest.mark.parametrize("method", ["check", "ensure"])
@pytest.mark.parametrize("error", [refusal("403"), EndpointConnectionError(endpoint_url="http://store")])
def test_a_store_that_refuses_or_is_silent_is_an_error(method: str, error: Exception) -> None:
    store = client(head_bucket__side_effect=error)
    with pytest.raises(StorageUnavailable, match="files"):
        getattr(Bucket(store, PLACE), method)()
    store.create_bucket.assert_not_called()


def pages(*answers: dict[str, Any] | Exception) -> mock.Mock:
    return client(
        **{"get_paginator.return_value.paginate.return_value": mock.MagicMock(__iter__=lambda _: told(answers))}
    )


def told(answers: tuple[dict[str, Any] | Exception, ...]) -> Iterator[dict[str, Any]]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        yield answer


def test_uploads_of_every_page_are_listed() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    first = {"Uploads": [{"Key": "a", "UploadId": "1", "Initiated": begun}]}
    last = {"Uploads": [{"Key": "b", "UploadId": "2", "Initiated": begun}]}
    assert [*Bucket(pages(first, {}, last), PLACE).uploads("")] == [Upload("a", "1", begun), Upload("b", "2", begun)]


@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed", "501", "405"])
def test_a_store_that_lists_no_uploads_has_none(code: str) -> None:
    assert [*Bucket(pages(refusal(code)), PLACE).uploads("")] == []


def test_a_store_that_refuses_to_list_uploads_is_an_error() -> None:
    with pytest.raises(StorageUnavailable, match="files"):
        list(Bucket(pages(refusal("AccessDenied")), PLACE).uploads(""))
