"""What a media type (RFC 6838, RFC 9110 section 8.3.1) says about how to show a string."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple


class Treatment(Enum):
    """How a string of some media type is shown."""

    MARKDOWN = "markdown"
    TERMINAL = "terminal"
    JSON = "json"
    CODE = "code"
    UNKNOWN = "unknown"


class MediaView(NamedTuple):
    """A treatment, and the language hint for a code block."""

    treatment: Treatment
    language: str = ""


_TYPE: Final = re.compile(r"([a-z0-9!#$&^_.+-]+)/([a-z0-9!#$&^_.+-]+)")
_MARKDOWN: Final = frozenset({"text/markdown", "text/x-markdown"})
_LANGUAGES: Final = {
    "application/javascript": "javascript",
    "application/ecmascript": "javascript",
    "application/typescript": "typescript",
    "application/xhtml+xml": "html",
    "application/xml": "xml",
    "application/xml-dtd": "xml",
    "application/yaml": "yaml",
    "application/x-yaml": "yaml",
    "application/toml": "toml",
    "application/sql": "sql",
    "application/graphql": "graphql",
    "application/x-sh": "sh",
    "application/x-shellscript": "sh",
    "application/x-python": "python",
    "application/x-python-code": "python",
    "application/x-ndjson": "json",
    "application/ndjson": "json",
    "application/jsonl": "json",
    "application/json-seq": "json",
    "application/x-www-form-urlencoded": "",
}
_SUFFIXES: Final = {"xml": "xml", "yaml": "yaml"}


def media_view(media_type: str) -> MediaView:
    """Read a media type; parameters and case do not matter, and a malformed one is UNKNOWN."""
    match = _TYPE.fullmatch(media_type.partition(";")[0].strip().lower())
    if match is None:
        return MediaView(Treatment.UNKNOWN)
    essence, (top, subtype) = match[0], match.groups()
    if essence in _MARKDOWN:
        return MediaView(Treatment.MARKDOWN)
    if essence == "text/plain":
        return MediaView(Treatment.TERMINAL)
    suffix = subtype.rpartition("+")[2]
    if suffix == "json":
        return MediaView(Treatment.JSON, "json")
    language = _LANGUAGES.get(essence, _SUFFIXES.get(suffix))
    if language is None and top == "text":
        language = subtype.removeprefix("x-")
    return MediaView(Treatment.UNKNOWN) if language is None else MediaView(Treatment.CODE, language)
