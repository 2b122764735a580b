"""The JSON Schemas of the models, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from producer.contract import jsontext
from producer.contract.errors import NotFound
from producer.contract.export import Export, RequestedExport
from producer.contract.record import json_schema


def _described(model: type[Any], title: str) -> dict[str, Any]:
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": title, **msgspec.json.schema(model)}


_SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "execution-record": json_schema,
    "export": lambda: _described(Export, "Runfolio export"),
    "export-options": lambda: _described(RequestedExport, "Runfolio export options"),
}


def schema_of(name: str) -> str:
    """Return a schema as indented JSON. Raises NotFound."""
    if name not in _SCHEMAS:
        raise NotFound(f"There is no schema '{name}'.", field="name", remedy=f"There are {', '.join(_SCHEMAS)}.")
    return jsontext.pretty(_SCHEMAS[name]())
