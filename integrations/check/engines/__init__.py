"""The engines that are run, each with its version, its way of running a flow, and the steps that the flow ran."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from integrations.check.expected import Step
from integrations.check.place import Place

INTEGRATIONS = Path(__file__).parents[2]
FLOWS = Path(__file__).parents[1] / "flows"


class Engine(NamedTuple):
    """An engine.

    ``name`` is that of its adapter, ``version`` the one that is installed, ``workflow`` the flow's name. ``run`` runs
    the flow, with the integration wired to the gateway, and returns when the flow has ended and the integration has
    had the time that it needs. ``steps`` are what the flow ran.
    """

    name: str
    version: str
    workflow: str
    install: Callable[[Path], None]
    run: Callable[[Place, Callable[[], object]], None]
    steps: tuple[Step, ...]
