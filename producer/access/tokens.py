"""The tokens file: the gateway follows it while it runs, the command line changes it."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from producer.access.entries import Scope, TokenEntry, parse, write
from producer.access.privatefile import exclusive, replace_content
from producer.contract.errors import Conflict, InvalidSetting, NotFound
from producer.contract.webhooks import new_secret

__all__ = ["Scope", "TokenEntry", "TokenFile", "token_digest"]

TOKEN_PREFIX: Final = "rf_"  # noqa: S105 # the public prefix by which a leaked token is recognised, no secret

log = logging.getLogger(__name__)

Globs = list[str] | tuple[str, ...]
"""No plain text, which would be taken for one glob a character: ``dev:*`` would grant everything."""

_Entries = tuple[TokenEntry, ...]
_Stamp = tuple[int, int, int, int] | None
"""What shows that a file has changed: times of content and of inode, size, inode; None where there is no file."""


class _Seen(NamedTuple):
    stamp: _Stamp
    entries: _Entries


def token_digest(token: str) -> str:
    """SHA-256 of a token in hexadecimal digits: all that is kept of it.

    A plain hash is enough because a token is 256 random bits: there is nothing to guess that salt or a slow hash would
    protect.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class TokenFile:
    """The file that RUNFOLIO_TOKENS_FILE names. Every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: _Seen | None = None

    def entries(self) -> _Entries:
        """Return the entries as the file has them now; it is read again only when it has changed.

        Raises InvalidSetting where the file is missing or broken and was never good: call this at the start. Later such
        a file is logged once, and the last good entries stay in force.
        """
        seen = self._seen
        stamp = self._stamp()
        if seen is None or seen.stamp != stamp:
            # The stamp is older than the content read next, so that a change in between is noticed the next time.
            seen = self._seen = _Seen(stamp, self._reread(seen))
        return seen.entries

    def list(self) -> _Entries:
        """Read the entries for a person; none where there is no file yet. Raises InvalidSetting for a broken one."""
        with self._naming_the_setting():
            return self._stored()

    def create(self, name: str, scopes: Iterable[Scope], workflows: Globs, expires_at: datetime | None = None) -> str:
        """Add a token and return it: the only time that it can be seen, since the file keeps its SHA-256.

        Raises Conflict where the name is taken, InvalidSetting where an argument is wrong or the file cannot be
        changed.
        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        digest = token_digest(token)
        self._add(TokenEntry(name, tuple(scopes), tuple(workflows), sha256=digest, expires_at=expires_at))
        return token

    def create_webhook_secret(
        self, name: str, scopes: Iterable[Scope], workflows: Globs, expires_at: datetime | None = None
    ) -> str:
        """Add a secret by which an engine signs its events (Standard Webhooks) and return it.

        The file keeps it as it is: HMAC needs the secret itself. Raises as ``create`` does.
        """
        secret = new_secret()
        self._add(TokenEntry(name, tuple(scopes), tuple(workflows), webhook_secret=secret, expires_at=expires_at))
        return secret

    def revoke(self, name: str) -> None:
        """Remove a token or signing secret. Raises NotFound, or InvalidSetting where the file cannot be changed."""
        self._change(lambda entries: _without(entries, name))

    def _add(self, entry: TokenEntry) -> None:
        self._change(lambda entries: _with(entries, entry))

    def _change(self, change: Callable[[_Entries], _Entries]) -> None:
        with self._naming_the_setting():
            path = self._path.resolve()  # A symbolic link stays one: what it points to is replaced.
            with exclusive(path):
                replace_content(path, write(change(self._stored())))

    def _stored(self) -> _Entries:
        return parse(self._path.read_bytes()) if self._path.exists() else ()

    def _reread(self, previous: _Seen | None) -> _Entries:
        try:
            with self._naming_the_setting():
                return parse(self._path.read_bytes())
        except InvalidSetting as error:
            if previous is None:
                raise
            log.warning("tokens file broken, last good content stays in force", extra={"reason": error.detail})
            return previous.entries

    @contextmanager
    def _naming_the_setting(self) -> Iterator[None]:
        """Name the setting and the file in whatever goes wrong with it."""
        where = f"RUNFOLIO_TOKENS_FILE ({self._path})"
        try:
            yield
        except OSError as error:
            remedy = "Name a file that this user may use; 'runfolio token create' makes one."
            raise InvalidSetting(f"{where}: {error.strerror}.", remedy=remedy) from None
        except InvalidSetting as error:
            raise InvalidSetting(f"{where}: {error.detail}", field=error.field, remedy=error.remedy) from None

    def _stamp(self) -> _Stamp:
        try:
            facts = self._path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino


def _with(entries: _Entries, entry: TokenEntry) -> _Entries:
    if any(other.name == entry.name for other in entries):
        raise Conflict(
            f"There is a token '{entry.name}' already.",
            field="name",
            remedy=f"Choose another name, or run 'runfolio token revoke {entry.name}' first.",
        )
    return (*entries, entry)


def _without(entries: _Entries, name: str) -> _Entries:
    rest = tuple(entry for entry in entries if entry.name != name)
    if len(rest) == len(entries):
        raise NotFound(f"There is no token '{name}'.", field="name", remedy="See 'runfolio token list'.")
    return rest
