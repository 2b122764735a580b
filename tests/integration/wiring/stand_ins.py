"""Modules of engines that are not installed here, as far as the integrations import them."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import pytest


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    """Put a module, and the packages that it lies in, where ``import`` finds it."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        package = ".".join(parts[:depth])
        if package not in sys.modules:
            monkeypatch.setitem(sys.modules, package, ModuleType(package))
    for member, value in members.items():
        monkeypatch.setattr(sys.modules[name], member, value, raising=False)


def fresh(monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    """Import a module of an integration anew, with the stand-ins that are there now."""
    monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)
    return module
