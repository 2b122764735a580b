from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from producer.contract.errors import Conflict, InvalidSetting
from runfolio.embedded.datadir import DataDir, read_if_there, write_private


def test_new_folders_are_their_owners_alone(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    data.prepare()
    data.prepare()
    for folder in (data.path, data.valkey, data.s3, data.tls, data.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_relative_path_stays_the_same_folder_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = DataDir(Path(".runfolio"))
    assert data.tokens_file == tmp_path / ".runfolio" / "tokens.json"


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o775)
    with pytest.raises(InvalidSetting, match="written to by other users") as raised:
        DataDir(tmp_path).prepare()
    assert raised.value.field == "--data-dir"


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidSetting, match="file cannot be written: File exists"):
        DataDir(tmp_path / "file").prepare()


def test_one_stack_holds_the_folder(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    assert not data.in_use()
    with data.locked():
        assert data.in_use()
        with pytest.raises(Conflict, match="Another 'runfolio up'"), DataDir(tmp_path).locked():
            pass
    assert not data.in_use()
    assert stat.S_IMODE(data.lock_file.stat().st_mode) == 0o600


def test_asking_whether_a_folder_is_in_use_does_not_create_it(tmp_path: Path) -> None:
    assert not DataDir(tmp_path / "none").in_use()
    assert not (tmp_path / "none").exists()


def test_a_private_file_replaces_another_whole_and_leaves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["secret"]  # noqa: PTH208 # names are all that counts


def test_a_private_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidSetting, match="folder cannot be written"):
        write_private(tmp_path / "folder", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_missing_file_reads_as_none(tmp_path: Path) -> None:
    assert read_if_there(tmp_path / "none") is None
