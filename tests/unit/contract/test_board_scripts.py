from __future__ import annotations

from importlib.resources import files

import pytest

from producer.contract.board import CHANGES_CHANNEL, EXPORTS_CHANNEL, places
from producer.contract.board.scripts import SCRIPTS
from producer.contract.export import MOVES, State

SHARED = {"export", "execution"}


def test_every_script_in_the_folder_is_used() -> None:
    folder = files("producer.contract.board").joinpath("lua")

    assert {file.name.removesuffix(".lua") for file in folder.iterdir()} - SHARED == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_refused_as_a_whole_or_not_at_all(name: str) -> None:
    # A script that does not begin like this may be refused for want of memory after its first writes.
    assert SCRIPTS[name].startswith("#!lua")
    assert SCRIPTS[name].count("#!lua") == 1


def test_scripts_know_states_and_moves_from_python() -> None:
    text = SCRIPTS["announce"]

    for state, targets in MOVES.items():
        assert f"{state} = {{" + ", ".join(f"{target} = true" for target in sorted(targets)) + "}" in text
    assert ", ".join(f"'{state}'" for state in State) in text
    assert f"'{EXPORTS_CHANNEL}'" in text
    assert f"'{CHANGES_CHANNEL}'" in text


@pytest.mark.parametrize("identifier", ["a", "a:b", "a\0\n", "🦊" * 256, "\ud83d", "{x}"])
def test_all_keys_share_one_slot_whatever_the_id(identifier: str) -> None:
    keys = [
        places.export(identifier),
        places.live(identifier),
        places.attempts(identifier),
        places.execution_rows(identifier),
        places.alive(identifier),
        places.bucket("token", identifier),
        *places.workflow_exports_by_state(identifier),
        *places.executions_by_rank(identifier),
        *places.exports_by_state(),
        places.MARKS,
        places.LARGE_MARKS,
        places.SWEEPER,
        places.INDEX,
        places.WORKFLOW_ORDER,
        places.WORKFLOW_ROWS,
        places.ASKED,
        places.DOWNLOADS,
        places.COUNTED,
        places.FLOOR,
        places.LIFE,
    ]

    # A cluster hashes what stands between the first brace and the one that closes it.
    assert {key[key.index(b"{") + 1 : key.index(b"}")] for key in keys} == {b"rf"}
    assert len(set(keys)) == len(keys)
