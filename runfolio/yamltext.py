"""YAML, in which Kubernetes' tools print objects, as the JSON that it stands for."""

from __future__ import annotations

from typing import Any, Final

import yaml

from producer.contract import jsontext
from producer.contract.errors import MalformedBody

SUFFIXES: Final = frozenset({".yaml", ".yml"})


class _Loader(yaml.SafeLoader):
    """Reads what JSON can say: a time stays the text that it is; aliases, which a small text can multiply, are none."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "it holds an alias", None)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_json(text: bytes, where: str) -> bytes:
    """Turn one YAML document into JSON. Raises MalformedBody."""
    try:
        value = yaml.load(text, _Loader)  # noqa: S506 # the loader is a SafeLoader
        return jsontext.encode(value)
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise MalformedBody(
            f"{where} is no YAML that says what JSON can: {str(error).splitlines()[0]}.",
            field=where,
            remedy="Write the object as JSON, such as by 'kubectl get … -o json'.",
        ) from None
