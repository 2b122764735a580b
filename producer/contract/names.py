"""What archives and the files in them are called. Pure functions; every name is portable to all common systems."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple
from urllib.parse import quote

from producer.contract.errors import RunfolioError
from producer.contract.record import Status

MANIFEST: Final = "manifest.json"
READER: Final = "index.html"
MAX_FILE_BYTES: Final = 240
MAX_ARCHIVE_STEM_BYTES: Final = 235

# Illegal somewhere, control characters, or invisible: soft hyphen, zero-width space, bidirectional marks, overrides and
# isolates, line and paragraph separators, word joiner and its like, byte order mark, lone surrogates, noncharacters.
# ZWJ, ZWNJ and the Mongolian vowel separator are spelling (Persian, Indic scripts, emoji, Mongolian) and stay.
_FORBIDDEN: Final = re.compile(
    '[<>:"/\\\\|?*\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb'
    "\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(p + 0xFFFE)}{chr(p + 0xFFFF)}" for p in range(0, 0x110000, 0x10000))
    + "]"
)
_TRAILING: Final = ". \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DEVICE: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|(?:COM|LPT)[0-9\xb9\xb2\xb3]|CONIN\$|CONOUT\$) *(?:\.|\Z)", re.IGNORECASE
)
# What belongs to the character before it, besides combining marks: ZWJ, skin tones, tags; or flags' letters.
_EXTENDING: Final = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG_LETTERS: Final = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_LONGEST_CLUSTER: Final = 32
# Nearly every name: nothing to replace or to cut off, and too long for a device.
_ORDINARY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 _-]{3,}[A-Za-z0-9_-]")


def portable(name: str, max_bytes: int, *, empty: str = "step") -> str:
    """Make a name safe on Windows, macOS and Linux, in NFC, at most ``max_bytes`` of UTF-8 long.

    The result is the stem of a file name, or its beginning; where nothing is left it is ``empty``.
    """
    if len(name) <= max_bytes and _ORDINARY.fullmatch(name):
        return name
    return made_portable(name, max_bytes, empty)


def made_portable(name: str, max_bytes: int, empty: str) -> str:
    """Do the same for any name."""
    text = _cleaned(name)
    if text.startswith("."):
        text = f"_{text[1:]}"
    text = _cut(text, max_bytes)
    if _DEVICE.match(text):
        text = _cut(f"_{text}", max_bytes)
    return text or empty[:max_bytes]


def _cleaned(text: str) -> str:
    # Nothing composes with the underscore, so the text stays normalised.
    return _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))


def _cut(text: str, max_bytes: int) -> str:
    data = text.encode()
    if len(data) > max_bytes:
        text = text[: _boundary(text, len(data[:max_bytes].decode(errors="ignore")))]
    return text.rstrip(_TRAILING)


def _boundary(text: str, end: int) -> int:
    """Find the last place up to ``end`` that is not inside what a reader sees as one character."""
    for at in range(end, max(end - _LONGEST_CLUSTER, 0), -1):
        if not _joined(text[at - 1], text[at]):
            return at
    return end


def _joined(before: str, after: str) -> bool:
    return (
        before == "\u200d"
        or unicodedata.category(after).startswith("M")
        or _EXTENDING.match(after) is not None
        or _FLAG_LETTERS.match(before + after) is not None
    )


def execution_datetime(moment: datetime, zone: tzinfo) -> str:
    """Write a moment as ``YYYY-MM-DD_HH_MM_SS`` in a zone; one without an offset is read as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    # Engines write the first or last moment of the calendar for "never"; other zones may be unable to hold it.
    with suppress(OverflowError):
        aware = aware.astimezone(zone)
    return aware.replace(tzinfo=None).isoformat(sep="_", timespec="seconds").replace(":", "_")


_SHORTEST_WORKFLOW_NAME: Final = 8


def archive_name(workflow_name: str, moment: datetime, zone: tzinfo, execution_id: str) -> str:
    """Name the zip ``<workflow_name>_<execution_datetime>_<execution_id>.zip``, its stem at most 235 bytes long.

    The workflow's name is cut first, down to 8 bytes, then the id, never the date.
    """
    time = f"_{execution_datetime(moment, zone)}_"
    room = MAX_ARCHIVE_STEM_BYTES - len(time)
    identifier = _cut(_cleaned(execution_id), room - _SHORTEST_WORKFLOW_NAME) or "execution"
    return f"{portable(workflow_name, room - len(identifier.encode()), empty='workflow')}{time}{identifier}.zip"


def combined_name(archive_name: str, extension: str) -> str:
    """Name the one file of a combined archive: the archive's own name with another extension."""
    return f"{archive_name.removesuffix('.zip')}.{extension}"


STATUS_LABELS: Final = {status: "success" if status is Status.SUCCEEDED else status.value for status in Status}
_STATUSES: Final = {label: status for status, label in STATUS_LABELS.items()}


class ParsedName(NamedTuple):
    """A step file's name, read from the right; ``stem`` holds the step's name and, perhaps, its iteration."""

    stem: str
    status: Status


def parse_step_file(file_name: str) -> ParsedName:
    """Read the status from a step file's name. Raises RunfolioError where the name is not one of a step file."""
    stem, _, label = file_name.rpartition(".")[0].rpartition("_")
    if label not in _STATUSES:
        raise RunfolioError(
            f"'{file_name}' is not the name of a step file.", remedy="Pass a name such as 'fetch_success.md'."
        )
    return ParsedName(stem, _STATUSES[label])


_UNSAFE_IN_FALLBACK: Final = re.compile(r"[^ -~]|%(?=[0-9A-Fa-f]{2})")
_ATTR_CHARS: Final = "!#$&+-.^_`|~"


def attachment(filename: str) -> str:
    """Write the value of Content-Disposition (RFC 6266) that downloads under a file name.

    ``filename`` is a readable ASCII name for clients that know no other, without percent escapes (appendix D);
    ``filename*`` is the name itself (RFC 8187). Neither can hold a quote, a backslash or a line end.
    """
    name = _cleaned(filename)
    letters = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    # Compatibility forms can turn into what is illegal, such as the full-width slash.
    fallback = _UNSAFE_IN_FALLBACK.sub("_", _cleaned(letters))
    if fallback.startswith("."):
        fallback = f"_{fallback[1:]}"
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"
