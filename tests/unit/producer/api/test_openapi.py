from __future__ import annotations

from typing import Any

import pytest

from producer.api.openapi import in_dialect_of_3_0


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ({"const": "1.0"}, {"enum": ["1.0"]}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        (
            {"anyOf": [{"$ref": "#/x"}, {"type": "null"}], "default": None},
            {"anyOf": [{"$ref": "#/x"}], "nullable": True},
        ),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (
            {"anyOf": [{"type": "string", "description": "inner"}, {"type": "null"}], "description": "outer"},
            {"type": "string", "description": "outer", "nullable": True},
        ),
        ({"type": "object", "required": []}, {"type": "object"}),
        ({"default": ()}, {"default": []}),
        ({"default": False}, {"default": False}),
        (
            {"properties": {"a": {"anyOf": [{"type": "null"}, {"type": "number"}]}}},
            {"properties": {"a": {"type": "number", "nullable": True}}},
        ),
    ],
)
def test_schemas_are_written_as_openapi_3_0_has_them(later: dict[str, Any], earlier: dict[str, Any]) -> None:
    assert in_dialect_of_3_0(later) == earlier
