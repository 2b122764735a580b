"""The Lua scripts, each with what it shares with others before it.

What both languages must agree on (states, legal moves, channels) is written into them from its one place in Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from importlib.resources import files
from typing import Final

from producer.contract.board.places import CHANGES_CHANNEL, EXPORTS_CHANNEL, RANKS
from producer.contract.board.positions import LATEST
from producer.contract.export import MOVES, State

SETTLED_TTL: Final = timedelta(hours=6)
"""How long the live part of a settled export stays; its JSON stays until the export is forgotten."""

ATTEMPTS_TTL: Final = timedelta(days=1)
"""How long it is remembered that an export was put or handed back, counted from the last time."""

_ON_EXPORTS: Final = (
    "queued", "acquire", "renew", "progress", "settle", "announce", "hand_back", "revoke", "forget_export",
)  # fmt: skip # one line reads better than nine
_ON_EXECUTIONS: Final = ("list_execution", "forget_execution")
_PLAIN: Final = ("overview", "leased", "unmark", "lock", "beat", "rebuilt", "count", "raise_floor", "spend")


def _table(names: Iterable[str]) -> str:
    return "{" + ", ".join(f"{name} = true" for name in sorted(names)) + "}"


def _preamble() -> str:
    settled = _table(state for state in State if state.settled)
    states = ", ".join(f"'{state}'" for state in State)
    moves = ", ".join(f"{state} = {_table(targets)}" for state, targets in MOVES.items())
    return (
        f"local SETTLED, MOVES, STATES = {settled}, {{{moves}}}, {{{states}}}\n"
        f"local CHANGES, EXPORTS = '{CHANGES_CHANNEL}', '{EXPORTS_CHANNEL}'\n"
        f"local ATTEMPTS_TTL = {int(ATTEMPTS_TTL.total_seconds() * 1000)}\n"
        f"local SETTLED_TTL = {int(SETTLED_TTL.total_seconds() * 1000)}\n"
        f"local LATEST, RANKS = {LATEST}, {len(RANKS)}\n"
    )


def _lua(name: str) -> str:
    return files(__package__).joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


def _script(name: str, shared: str) -> str:
    # The first line must stay the first: by it, a broker without memory or that may not write refuses the script
    # before its first step. Without it a script is carried on with as soon as it has deleted anything.
    interpreter, _, body = _lua(name).partition("\n")
    return f"{interpreter}\n{shared}{body}"


def _load() -> dict[str, str]:
    plain = _preamble()
    groups = {plain + _lua("export"): _ON_EXPORTS, plain + _lua("execution"): _ON_EXECUTIONS, plain: _PLAIN}
    return {name: _script(name, shared) for shared, names in groups.items() for name in names}


SCRIPTS: Final = _load()
"""Text of every script by its name."""
