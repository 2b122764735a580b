from __future__ import annotations

from pathlib import Path

import pytest

from producer.contract.errors import Unavailable
from runfolio.embedded.datadir import DataDir
from runfolio.embedded.info import StackInfo, read_stack, write_stack

INFO = StackInfo("http://127.0.0.1:8000", "redis://:p@127.0.0.1:1/0", "http://127.0.0.1:2", "runfolio", {"worker": 3})


def test_what_a_running_stack_tells_is_read_again(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with data.locked():
        write_stack(data, INFO)
        assert read_stack(tmp_path) == INFO
    assert data.stack_file.stat().st_mode & 0o077 == 0


def test_what_a_killed_stack_has_left_does_not_count(tmp_path: Path) -> None:
    write_stack(DataDir(tmp_path), INFO)
    with pytest.raises(Unavailable, match="No stack runs on the data folder"):
        read_stack(tmp_path)


def test_a_stack_that_is_still_starting_is_not_there_yet(tmp_path: Path) -> None:
    with DataDir(tmp_path).locked(), pytest.raises(Unavailable, match="No stack runs"):
        read_stack(tmp_path)
