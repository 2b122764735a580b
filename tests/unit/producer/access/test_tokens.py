from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from producer.access.tokens import Scope, TokenFile
from producer.contract.errors import Conflict, InvalidSetting, NotFound
from producer.contract.webhooks import decode_secret

READ = [Scope.READ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def tokens(path: Path) -> TokenFile:
    return TokenFile(path)


def names(tokens: TokenFile) -> list[str]:
    return [entry.name for entry in tokens.entries()]


def entry(name: str, **changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "sha256": digest, "can": ["read"], "workflows": ["*"], **changes}


def test_a_new_token_is_random_and_the_file_keeps_its_digest_only(tokens: TokenFile, path: Path) -> None:
    end = datetime(2030, 1, 1, tzinfo=UTC)
    token = tokens.create("ci", [Scope.READ, Scope.EXPORT], ["n8n:*", "a"], end)
    assert token.startswith("rf_")
    assert len(token) == 3 + 43
    assert json.loads(path.read_bytes()) == [
        {
            "name": "ci",
            "sha256": hashlib.sha256(token.encode()).hexdigest(),
            "can": ["read", "export"],
            "workflows": ["n8n:*", "a"],
            "expires_at": "2030-01-01T00:00:00Z",
        }
    ]
    assert tokens.create("other", READ, ["*"]) != token


def test_a_signing_secret_is_kept_as_it_is(tokens: TokenFile, path: Path) -> None:
    secret = tokens.create_webhook_secret("engine", [Scope.INGEST], ["n8n:*"])
    assert len(decode_secret(secret)) == 32
    assert json.loads(path.read_bytes()) == [
        {"name": "engine", "can": ["ingest"], "workflows": ["n8n:*"], "webhook_secret": secret}
    ]


def test_a_running_gateway_takes_changes_at_once(tokens: TokenFile, path: Path) -> None:
    tokens.create("a", READ, ["*"])
    assert names(tokens) == ["a"]
    command = TokenFile(path)
    command.create("b", READ, ["*"])
    assert names(tokens) == ["a", "b"]
    command.revoke("a")
    assert names(tokens) == ["b"]
    path.write_text(json.dumps([entry("edited")]))
    assert names(tokens) == ["edited"]


def test_an_unchanged_file_is_not_read_again(tokens: TokenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.create("a", READ, ["*"])
    first = tokens.entries()
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read again"))
    assert tokens.entries() is first


def test_the_command_line_lists_tokens_also_before_there_is_a_file(tokens: TokenFile) -> None:
    assert tokens.list() == ()
    tokens.create("a", READ, ["*"])
    assert [one.name for one in tokens.list()] == ["a"]


@pytest.mark.parametrize("content", [None, b"", b"{", b'[{"name": "a"}]'])
def test_at_the_start_a_missing_or_broken_file_is_an_error(
    tokens: TokenFile, path: Path, content: bytes | None
) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidSetting, match="RUNFOLIO_TOKENS_FILE") as caught:
        tokens.entries()
    assert str(path) in caught.value.detail


def test_the_error_names_entry_and_field(tokens: TokenFile, path: Path) -> None:
    path.write_text(json.dumps([entry("a"), entry("b"), entry("c", can=["write"])]))
    with pytest.raises(InvalidSetting) as caught:
        tokens.entries()
    assert caught.value.field == "tokens[2].can[0]"
    assert caught.value.detail == f"RUNFOLIO_TOKENS_FILE ({path}): tokens[2].can[0]: Invalid enum value 'write'."


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"RUNFOLIO_TOKENS_FILE .*: Is a directory"):
        TokenFile(tmp_path).entries()


@pytest.mark.parametrize("content", [None, b"", b'[{"name": "a"}]'])
def test_while_running_the_last_good_content_stays_and_it_is_logged_once(
    tokens: TokenFile, path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    token = tokens.create("a", READ, ["*"])
    good = tokens.entries()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert [tokens.entries() for _ in range(3)] == [good] * 3
    (record,) = caplog.records
    assert record.getMessage() == "tokens file broken, last good content stays in force"
    assert str(path) in str(record.__dict__["reason"])
    assert token not in str(record.__dict__)
    path.write_text(json.dumps([entry("repaired")]))
    assert names(tokens) == ["repaired"]


def test_a_name_is_taken_once(tokens: TokenFile, path: Path) -> None:
    tokens.create("a", READ, ["*"])
    before = path.read_bytes()
    with pytest.raises(Conflict, match="a token 'a' already"):
        tokens.create_webhook_secret("a", READ, ["*"])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "scopes", "workflows", "field"),
    [
        ("", READ, ["*"], "name"),
        ("a", [], ["*"], "can"),
        ("a", READ, [], "workflows"),
        ("a", READ, [""], "workflows[0]"),
    ],
)
def test_a_wrong_argument_leaves_no_file(
    tokens: TokenFile, path: Path, name: str, scopes: list[Scope], workflows: list[str], field: str
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        tokens.create(name, scopes, workflows)
    assert caught.value.field == f"tokens[0].{field}"
    assert not path.exists()


def test_a_broken_file_is_never_overwritten(tokens: TokenFile, path: Path) -> None:
    path.write_text("[{]")
    with pytest.raises(InvalidSetting, match="RUNFOLIO_TOKENS_FILE"):
        tokens.create("a", READ, ["*"])
    with pytest.raises(InvalidSetting, match="RUNFOLIO_TOKENS_FILE"):
        tokens.revoke("a")
    assert path.read_text() == "[{]"


def test_revoking_an_unknown_name_is_an_error(tokens: TokenFile) -> None:
    tokens.create("a", READ, ["*"])
    with pytest.raises(NotFound, match="no token 'b'") as caught:
        tokens.revoke("b")
    assert caught.value.remedy == "See 'runfolio token list'."
    assert names(tokens) == ["a"]


def test_the_file_is_readable_by_its_owner_only(tokens: TokenFile, path: Path) -> None:
    path.write_text("[]")
    path.chmod(0o644)
    tokens.create("a", READ, ["*"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(other.stat().st_mode) for other in path.parent.iterdir()} == {0o600}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_the_owner_stays_who_it_was(tokens: TokenFile, path: Path) -> None:
    path.write_text("[]")
    os.chown(path, 12345, 23456)
    tokens.create("a", READ, ["*"])
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    TokenFile(link).create("a", READ, ["*"])
    assert link.is_symlink()
    assert names(TokenFile(real)) == ["a"]


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"RUNFOLIO_TOKENS_FILE .*: No such file or directory"):
        TokenFile(tmp_path / "none" / "tokens.json").create("a", READ, ["*"])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tokens: TokenFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.create("a", READ, ["*"])
    before = sorted(path.parent.iterdir())

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InvalidSetting, match="No space left on device"):
        tokens.create("b", READ, ["*"])
    assert sorted(path.parent.iterdir()) == before
    assert names(tokens) == ["a"]


def test_many_writers_at_once_lose_no_token(path: Path) -> None:
    expected = [f"t{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda name: TokenFile(path).create(name, READ, ["*"]), expected))
    assert sorted(names(TokenFile(path))) == sorted(expected)
    assert len(set(made)) == len(expected)
