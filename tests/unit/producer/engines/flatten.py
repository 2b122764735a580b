"""Writes flatted JSON for tests: by its definition, independent of the reader."""

from __future__ import annotations

import json
from typing import Any


def flatted(value: Any) -> str:
    """Write a value as flatted JSON; equal strings and identical objects are written once."""
    elements: list[Any] = []
    known: dict[Any, int] = {}

    def place(item: Any) -> int:
        key = item if isinstance(item, str) else id(item)
        if key not in known:
            known[key] = len(elements)
            elements.append(item)
            elements[known[key]] = shallow(item)
        return known[key]

    def refer(item: Any) -> Any:
        return str(place(item)) if isinstance(item, str | dict | list) else item

    def shallow(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: refer(member) for name, member in item.items()}
        return [refer(member) for member in item] if isinstance(item, list) else item

    place(value)
    return json.dumps(elements)
