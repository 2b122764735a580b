from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.contract.errors import RunfolioError
from runfolio.files import save, scratch


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pieces_become_a_file_in_a_new_folder(tmp_path: Path) -> None:
    path = save(tmp_path / "new" / "er", "a.zip", iter([b"one", b"two"]))
    assert path == tmp_path / "new" / "er" / "a.zip"
    assert path.read_bytes() == b"onetwo"
    assert names(path.parent) == ["a.zip"]


def test_an_equal_file_is_kept_and_another_is_never_overwritten(tmp_path: Path) -> None:
    contents = [b"first", b"first", b"second", b"third", b"second"]
    paths = [save(tmp_path, "a.zip", [content]).name for content in contents]
    assert paths == ["a.zip", "a.zip", "a (2).zip", "a (3).zip", "a (2).zip"]
    assert (tmp_path / "a.zip").read_bytes() == b"first"
    assert names(tmp_path) == ["a (2).zip", "a (3).zip", "a.zip"]


@pytest.mark.parametrize("name", ["../up.zip", "/etc/passwd", "a/b.zip", "..\\up.zip", "..", ".", "", ".hidden", "nul"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    path = save(folder, name, [b"x"])
    assert path.parent == folder
    assert names(folder) == [path.name]
    assert names(tmp_path) == ["folder"]


def test_a_folder_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.zip").mkdir()
    assert save(tmp_path, "a.zip", [b"x"]).name == "a (2).zip"


def test_an_error_of_the_source_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise RunfolioError("torn")

    with pytest.raises(RunfolioError, match=r"^torn$"):
        save(tmp_path, "a.zip", breaking())
    assert names(tmp_path) == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunfolioError, match="file cannot be written to"):
        save(tmp_path / "file", "a.zip", [b"x"])
    with pytest.raises(RunfolioError, match="file cannot be written to"), scratch(tmp_path / "file"):
        pass


def test_a_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch(tmp_path) as lent:
        (lent / "a").write_bytes(b"x")
        assert lent.parent == tmp_path
    assert names(tmp_path) == []
