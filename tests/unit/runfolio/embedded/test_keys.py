from __future__ import annotations

import base64
import hashlib
import json
import stat
from pathlib import Path

import pytest

from producer.contract.errors import InvalidSetting
from runfolio.embedded.datadir import DataDir
from runfolio.embedded.keys import ensure_admin_token, load_secrets


@pytest.fixture(name="data")
def data_dir(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def test_secrets_are_made_once_and_kept(data: DataDir) -> None:
    first = load_secrets(data)
    assert load_secrets(data) == first
    assert stat.S_IMODE(data.secrets_file.stat().st_mode) == 0o600


def test_every_secret_is_its_own(tmp_path: Path, data: DataDir) -> None:
    (tmp_path / "other").mkdir()
    values = json.loads(b"[%s]" % _written(data)) + json.loads(b"[%s]" % _written(DataDir(tmp_path / "other")))
    everything = [value for secrets in values for value in secrets.values()]
    assert len(set(everything)) == 10
    assert all(len(value) >= 20 for value in everything)


def _written(data: DataDir) -> bytes:
    load_secrets(data)
    return data.secrets_file.read_bytes()


def test_the_callback_secret_is_one_of_standard_webhooks(data: DataDir) -> None:
    prefix, _, encoded = load_secrets(data).callback_secret.partition("_")
    assert prefix == "whsec"
    assert len(base64.b64decode(encoded, validate=True)) == 32


def test_a_secret_that_an_older_file_lacks_is_added_and_the_others_stay(data: DataDir) -> None:
    data.secrets_file.write_text('{"link_secret": "kept"}')
    completed = load_secrets(data)
    assert completed.link_secret == "kept"
    assert load_secrets(data) == completed


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"link_secret": 1}', b"\xff"])
def test_a_broken_secrets_file_is_named_and_not_replaced(data: DataDir, content: bytes) -> None:
    data.secrets_file.write_bytes(content)
    with pytest.raises(InvalidSetting, match=r"secrets\.json cannot be read"):
        load_secrets(data)
    assert data.secrets_file.read_bytes() == content


def test_the_admin_token_may_do_everything_and_only_its_digest_is_listed(data: DataDir) -> None:
    token = ensure_admin_token(data)
    assert data.admin_token_file.read_text() == f"{token}\n"
    assert json.loads(data.tokens_file.read_text()) == [
        {
            "name": "admin",
            "sha256": digest(token),
            "can": ["ingest", "read", "export", "delete", "reveal"],
            "workflows": ["*"],
        }
    ]
    for path in (data.admin_token_file, data.tokens_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_admin_token_is_kept(data: DataDir) -> None:
    token = ensure_admin_token(data)
    listed = data.tokens_file.read_bytes()
    assert ensure_admin_token(data) == token
    assert data.tokens_file.read_bytes() == listed


def test_a_missing_token_is_made_anew_and_other_tokens_stay(data: DataDir) -> None:
    other = {"name": "engine", "webhook_secret": "whsec_x", "can": ["ingest"], "workflows": ["n8n:*"]}
    old = ensure_admin_token(data)
    data.tokens_file.write_text(json.dumps([*json.loads(data.tokens_file.read_text()), other]))
    data.admin_token_file.unlink()
    new = ensure_admin_token(data)
    assert new != old
    admin, kept = json.loads(data.tokens_file.read_text())
    assert admin["sha256"] == digest(new)
    assert kept == other


def test_a_missing_list_gets_the_token_that_is_there(data: DataDir) -> None:
    token = ensure_admin_token(data)
    data.tokens_file.unlink()
    assert ensure_admin_token(data) == token
    assert json.loads(data.tokens_file.read_text())[0]["sha256"] == digest(token)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_a_broken_list_of_tokens_is_named_and_not_replaced(data: DataDir, content: bytes) -> None:
    data.tokens_file.write_bytes(content)
    with pytest.raises(InvalidSetting, match=r"tokens\.json is not a JSON list"):
        ensure_admin_token(data)
    assert data.tokens_file.read_bytes() == content
