"""The folder that holds all that a stack keeps: data of both servers, logs, secrets, tokens.

Everything in it is for its owner alone, from the moment that it is created.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from producer.contract.errors import Conflict, InvalidSetting

_OWNER_ONLY: Final = 0o700
_PRIVATE_FILE: Final = 0o600


class DataDir:
    """The paths inside a data folder; ``path`` is absolute."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path.expanduser().absolute()
        self.valkey: Final = self.path / "valkey"
        self.s3: Final = self.path / "s3"
        self.tls: Final = self.path / "tls"
        self.logs: Final = self.path / "logs"
        self.secrets_file: Final = self.path / "secrets.json"
        self.tokens_file: Final = self.path / "tokens.json"
        self.admin_token_file: Final = self.path / "admin-token"
        self.stack_file: Final = self.path / "stack.json"
        self.lock_file: Final = self.path / "lock"

    def prepare(self) -> None:
        """Create the folders that are missing.

        Raises InvalidSetting where the folder cannot be made or others may write to it: they could put their own
        files in the place of ours.
        """
        try:
            self.path.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            mode = self.path.stat().st_mode
            for folder in (self.valkey, self.s3, self.tls, self.logs):
                folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        except OSError as error:
            raise _unusable(self.path, error) from None
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise InvalidSetting(
                f"The data folder {self.path} can be written to by other users.",
                field="--data-dir",
                remedy=f"Run 'chmod 700 {self.path}', or choose another folder with --data-dir.",
            )

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the prepared folder for one stack; yields the lock's file descriptor.

        A process that inherits the descriptor holds the lock too. Raises Conflict where another stack has it.
        """
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    f"Another 'runfolio up' runs on the data folder {self.path}.",
                    field="--data-dir",
                    remedy="Stop it first, or choose another folder with --data-dir.",
                ) from None
            yield descriptor
        finally:
            os.close(descriptor)

    def in_use(self) -> bool:
        """Whether a stack holds the folder."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _unusable(path: Path, error: OSError) -> InvalidSetting:
    return InvalidSetting(
        f"{path} cannot be written: {error.strerror}.",
        field="--data-dir",
        remedy="Make room, or choose a folder that you may write to with --data-dir.",
    )


def write_private(path: Path, content: bytes) -> None:
    """Put a file of its owner alone in place, whole or not at all."""
    # mkstemp creates the file with mode 0600, so there is no moment in which others can open it.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unusable(path, error) from None


def read_if_there(path: Path) -> bytes | None:
    """Read a file, or return ``None`` where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
