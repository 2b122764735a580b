from __future__ import annotations

from datetime import timedelta

import pytest

from producer.contract.export import Archive, Facts, State
from producer.contract.seal import read_seal, sealed
from tests.unit.contract.test_outbox import AT, pending

ARCHIVE = Archive("a.zip", 1234, "5" * 64, 3)


def ready(generation: int = 0) -> Facts:
    return pending(generation).settle(State.READY, AT, archive=ARCHIVE, expires_at=AT + timedelta(days=7))


def test_a_seal_tells_what_the_pending_entry_does_not() -> None:
    assert read_seal(sealed(ready()), pending()) == ready()


def test_a_seal_is_metadata_as_every_store_takes_it_and_holds_no_secret() -> None:
    metadata = sealed(ready())
    text = "".join(f"x-amz-meta-{name}{value}" for name, value in metadata.items())
    assert len(text) < 2048
    assert text.isascii()
    assert text.isprintable()
    assert all(name == name.lower() for name in metadata)
    entry = pending()
    for hidden in (entry.download_url, entry.nonce, entry.requested_by, entry.digest):
        assert hidden not in text


@pytest.mark.parametrize("metadata", [{}, {"runfolio": ""}, {"runfolio": "{}"}, {"other": "1"}, {"runfolio": "[1]"}])
def test_what_is_no_seal_is_none(metadata: dict[str, str]) -> None:
    assert read_seal(metadata, pending()) is None


def test_only_a_ready_export_is_sealed() -> None:
    with pytest.raises(ValueError, match="failed"):
        sealed(pending().settle(State.FAILED, AT))
