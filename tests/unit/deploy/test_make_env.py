"""deploy/make-env.sh: random secrets, for one person's eyes, and never over those that are in use."""

from __future__ import annotations

import stat
from pathlib import Path

from producer.contract.webhooks import decode_secret
from tests.unit.deploy.compose import made_environment, run_make_env


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    made_environment(tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {".env", "deploy"}


def test_secrets_are_long_and_new_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made.append(made_environment(tmp_path / name))
    secrets = [name for name in made[0] if not name.endswith("URL")]
    assert len(secrets) == 5
    for name in secrets:
        assert made[0][name] != made[1][name]
        assert len(made[0][name]) >= 20
    assert len(made[0]["LINK_SECRET"]) == 64
    assert len(decode_secret(made[0]["CALLBACK_SECRET"], name="CALLBACK_SECRET")) == 32


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    made_environment(tmp_path)
    before = (tmp_path / ".env").read_bytes()
    again = run_make_env(tmp_path)
    assert again.returncode == 1
    assert "is kept" in again.stderr
    assert (tmp_path / ".env").read_bytes() == before


def test_the_addresses_can_be_given(tmp_path: Path) -> None:
    made = made_environment(tmp_path, "https://runfolio.example.org", "https://files.example.org")
    assert made["PUBLIC_URL"] == "https://runfolio.example.org"
    assert made["S3_PUBLIC_URL"] == "https://files.example.org"


def test_without_addresses_it_is_this_machine(tmp_path: Path) -> None:
    made = made_environment(tmp_path)
    assert made["PUBLIC_URL"] == "http://localhost:8000"
    assert made["S3_PUBLIC_URL"] == "http://localhost:8333"
