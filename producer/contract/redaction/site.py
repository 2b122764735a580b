"""Rules of the site: a JSON list of names and regular expressions, checked when a process starts."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from producer.contract.ready import ready
from producer.contract.redaction.naming import NAMING_RULES
from producer.contract.redaction.shapes import SHAPES

MAX_RULES: Final = 500
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PROBES: Final = ("", "a", "A", "0", " ", "\n", "-", "a b", '{"a": "b"}')
_RESERVED: Final = frozenset({*NAMING_RULES, *(shape.name for shape in SHAPES)})


class SiteRule(NamedTuple):
    """A rule of the site. What is masked is the group ``secret`` of the pattern where it has one, else the whole match.

    With ``keywords``, only texts are searched that hold one of them, in whatever case.
    """

    name: str
    pattern: str
    keywords: tuple[str, ...] = ()


class _Given(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    pattern: str
    keywords: tuple[str, ...] = ()


def read_site_rules(data: bytes) -> tuple[SiteRule, ...]:
    """Read a file of rules. Raises ValueError with a sentence, without its full stop, that names the place."""
    try:
        given = msgspec.json.decode(data, type=ready(list[_Given]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the file must be a JSON list of name, pattern and, optionally, keywords: {error}") from None
    if len(given) > MAX_RULES:
        raise ValueError(f"the file has {len(given)} rules; at most {MAX_RULES} are taken")
    names: set[str] = set()
    for position, one in enumerate(given):
        _check(one, f"rule {position + 1} ({one.name!r})", names)
        names.add(one.name)
    return tuple(SiteRule(one.name, one.pattern, one.keywords) for one in given)


def _check(rule: _Given, where: str, taken: set[str]) -> None:
    if not _NAME.fullmatch(rule.name):
        raise ValueError(f"{where}: a name is 1 to 64 small letters, digits and hyphens")
    if rule.name in taken or rule.name in _RESERVED:
        raise ValueError(f"{where}: there is a rule of this name already")
    if not all(keyword.strip() and keyword.isprintable() for keyword in rule.keywords):
        raise ValueError(f"{where}: a keyword is empty or holds control characters")
    if any(found.start() == found.end() for probe in _PROBES for found in _compiled(rule, where).finditer(probe)):
        raise ValueError(f"{where}: the pattern matches nothing at all, which is everywhere")


def _compiled(rule: _Given, where: str) -> re.Pattern[Any]:
    try:
        return re.compile(rule.pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{where}: the pattern is no regular expression of Python: {error}") from None
