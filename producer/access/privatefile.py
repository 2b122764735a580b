"""Changing a small file that only its owner may read: whole or not at all, and one writer at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keep other writers of a file away; readers go on.

    The lock lies on a file beside it, since the file itself is another one after each change. Raises OSError.
    """
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_content(path: Path, content: bytes) -> None:
    """Put new content in a file's place, durably, readable by its owner only. Raises OSError and leaves the old file.

    The owner stays who it was, so that a command that the administrator runs does not lock the gateway out.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _keep_owner(path, descriptor)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)  # It is there still only where something failed.
    _sync_folder(path.parent)


def _keep_owner(path: Path, descriptor: int) -> None:
    if path.exists():
        there, new = path.stat(), os.fstat(descriptor)
        if (there.st_uid, there.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(descriptor, there.st_uid, there.st_gid)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too: it is a part of the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
