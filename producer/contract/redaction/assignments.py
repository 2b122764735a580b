"""Secrets that texts give to a name: ``API_KEY=…``, ``"password": "…"``, ``Authorization: Bearer …``, ``--token …``.

A text inside a JSON string has its quotation marks escaped, once or several times; each is closed by its like.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Final, NamedTuple

from producer.contract.redaction.naming import (
    AUTHORIZATION,
    COOKIE,
    Mark,
    is_placeholder,
    looks_secret,
    mark_of,
    masks_field,
)
from producer.contract.spans import Span

_LONGEST_NAME: Final = 64
_LETTERS: Final = string.ascii_letters + string.digits + "_-"
_NAME_GOES_ON: Final = frozenset(_LETTERS)
_ESCAPE: Final = re.compile("[nrtbf]|u[0-9a-f]{4}")

# What closes the name, what assigns, what opens the value.
_SEPARATOR: Final = re.compile(
    r"""(?P<close>[\\"'`\]*]{0,70})(?:[ \t]|\\+t){0,8}(?::=|=>|=(?![=>])|:(?!:|//))\**(?:[ \t]|\\+t){0,8}"""
    r"""(?P<open>\\{0,63}["'`])?"""
)
_MAY_FOLLOW: Final = re.compile(r"""["'`\]*\\]{0,140}(?:[ \t]|\\+t){0,8}[:=>]|"|(?:[ \t]|\\t)+""")
_FLAG: Final = re.compile(r"[ \t]+(?![-\"'`\\|<&;])")
_ELEMENT: Final = re.compile(r">(?P<secret>[^<>\n]{1,512})</")
_MARK: Final = re.compile(r"""(\\*)(["'`])|\n""")
_CHARACTER: Final = r"""(?:[^\s"'`<>\\]|\\(?![nrt"'`\\]))"""
_BARE: Final = re.compile(rf"{_CHARACTER}++", re.ASCII)
_QUERY: Final = re.compile(rf"(?:(?![&#]){_CHARACTER})++", re.ASCII)
_SETTING: Final = re.compile(rf"(?:(?!;){_CHARACTER})++", re.ASCII)
_LOOKED_AT: Final = 128
"""Characters of a word by which it is judged; it may be very long, and hold many names."""

_AUTHORIZATION: Final = re.compile(
    r"(?:Digest|AWS4-HMAC-SHA256|OAuth|Hawk|Signature)[ \t]+[^\r\n\\'`<>]*+"
    r"""|[A-Za-z][A-Za-z0-9-]{2,30}[ \t]+(?=[^\s"'\\]{0,256}(?:[0-9=]|[a-z][A-Z]))[^\s"'`\\<>{}$]{4,}+"""
    r"""|(?=[A-Za-z._~+/=-]{0,256}[0-9])[^\s"'`\\<>{}$]{8,}+""",
)
_COOKIE: Final = re.compile(r"""[!#$%&*+.^_|~A-Za-z0-9-]{1,64}=[^\r\n"'`\\<>]++""")
_CODE: Final = re.compile(r"[A-Za-z_.(){}\[\],;]*")
_QUOTE: Final = re.compile("[\"'`]")
_DIGIT: Final = re.compile(r"[0-9]")
_SHORTEST: Final = 6
_IN_QUERY: Final = frozenset("?&")


class _Name(NamedTuple):
    """A name in a text, and where it stands."""

    start: int
    end: int
    text: str
    mark: Mark


def may_assign(text: str, end: int) -> bool:
    """Tell whether a secret may be given, in the JSON of a whole value, to a name that ends at a place."""
    following = _MAY_FOLLOW.match(text, end)
    if following is None:
        return False
    return following[0][-1] in ':=>"' or "--" in text[max(0, end - _LONGEST_NAME) : end]


def assignments(text: str, hints: tuple[str, ...]) -> Iterator[Span]:
    """Yield what a text assigns to names that mark a secret. Of the ``hints``, those that may stand in it are given."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # Only the capital I with a dot becomes longer.
        lowered = text.replace("\u0130", "i").lower()
    for hint in hints:
        at = lowered.find(hint)
        while at >= 0:
            after = at + len(hint)
            name = _name_before(text, after)
            span = _assigned(text, name) if name else None
            if span is not None:
                yield span
                after = span.end
            at = lowered.find(hint, after)


def _name_before(text: str, end: int) -> _Name | None:
    """Return the name that ends at a place, where one does that marks a secret."""
    if text[end : end + 1] in _NAME_GOES_ON:
        return None
    start = max(0, end - _LONGEST_NAME)
    part = text[start:end]
    begin = start + len(part.rstrip(_LETTERS))
    escape = _ESCAPE.match(text, begin, end) if begin and text[begin - 1] == "\\" else None
    for name_start in (escape.end() if escape else begin, begin):
        name = text[name_start:end]
        mark = mark_of(name)
        if mark:
            return _Name(name_start, end, name, mark)
    return None


def _assigned(text: str, name: _Name) -> Span | None:
    separator = _SEPARATOR.match(text, name.end)
    if separator is None:
        return _after_flag(text, name) or _in_element(text, name)
    if separator["open"]:
        return _quoted(text, name, separator.start("open"), separator.end())
    if _QUOTE.search(separator["close"]) and not _is_header_line(name):
        return None  # The name is quoted, the value is not: a number, a list, or no assignment at all.
    return _bare(text, name, separator)


def _is_header_line(name: _Name) -> bool:
    return name.mark.rule in {AUTHORIZATION, COOKIE}


def _quoted(text: str, name: _Name, opened: int, start: int) -> Span | None:
    """Find the value between a quotation mark and its like, or the end of the line where there is none."""
    depth, mark = start - opened - 1, text[start - 1]
    end = len(text)
    for one in _MARK.finditer(text, start):
        if one[2] is None:
            end = one.start()
            break
        # Before a mark of the same depth, as many backslashes stand as before the first, and pairs of escaped ones.
        if one[2] == mark and len(one[1]) % (2 * (depth + 1)) == depth:
            end = one.end() - 1 - depth
            break
    return Span(start, end, name.mark.rule) if masks_field(name.mark, text[start:end]) else None


def _bare(text: str, name: _Name, separator: re.Match[str]) -> Span | None:
    rule, start = name.mark.rule, separator.end()
    if rule in {AUTHORIZATION, COOKIE}:
        value = (_AUTHORIZATION if rule == AUTHORIZATION else _COOKIE).match(text, start)
        return None if value is None or is_placeholder(value[0]) else Span(start, value.end(), rule)
    before = text[name.start - 1 : name.start]
    pattern = _QUERY if before in _IN_QUERY else _SETTING if before == ";" else _BARE
    value = pattern.match(text, start, start + _LOOKED_AT)
    if value is None or is_placeholder(value[0].rstrip(",;")):
        return None
    if name.mark.doubtful:
        return _whole(text, pattern, start, rule) if looks_secret(value[0]) else None
    # In the environment, a query or a list of settings nothing stands around the sign, and any value is one.
    certain = separator[0] == "=" and (before in {*_IN_QUERY, ";"} or name.text.isupper())
    if certain or _unlike_prose(value[0], assigned="=" in separator[0]):
        return _whole(text, pattern, start, rule)
    return None


def _whole(text: str, pattern: re.Pattern[str], start: int, rule: str) -> Span | None:
    value = pattern.match(text, start)
    return Span(start, value.end(), rule) if value else None


def _unlike_prose(value: str, *, assigned: bool) -> bool:
    """Tell whether a word without quotation marks is a secret rather than prose or a variable of a program."""
    if len(value) < _SHORTEST:
        return False
    return _DIGIT.search(value) is not None or (assigned and _CODE.fullmatch(value) is None)


def _after_flag(text: str, name: _Name) -> Span | None:
    flag = _FLAG.match(text, name.end) if name.text.startswith("--") else None
    value = _BARE.match(text, flag.end(), flag.end() + _LOOKED_AT) if flag else None
    if value is None or is_placeholder(value[0]) or (name.mark.doubtful and not looks_secret(value[0])):
        return None
    return _whole(text, _BARE, value.start(), name.mark.rule)


def _in_element(text: str, name: _Name) -> Span | None:
    element = _ELEMENT.match(text, name.end) if text[name.start - 1 : name.start] == "<" else None
    if element is None or not masks_field(name.mark, element["secret"]):
        return None
    return Span(*element.span("secret"), name.mark.rule)
