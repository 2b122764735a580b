"""Archives on the user's disk: whole or not at all, inside the folder that was named, nothing overwritten."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from producer.contract.errors import RunfolioError
from producer.contract.names import MAX_FILE_BYTES, portable

_PIECE: Final = 256 * 1024
_MOST_COPIES: Final = 10_000


def save(folder: Path, name: str, pieces: Iterable[bytes]) -> Path:
    """Write pieces to a file of the folder, which is made where it is missing, and return the file's path.

    A file of that name and the same content is left as it is. Beside one of other content the new file is called
    ``name (2).zip``, and so on. An error of ``pieces`` comes out as it is and leaves nothing behind. Raises
    RunfolioError where the folder cannot be written to.
    """
    with _naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".runfolio-{secrets.token_hex(8)}.part"
        try:
            digest = _write(part, pieces)
            return _place(part, digest, folder / portable(name, MAX_FILE_BYTES, empty="archive"))
        finally:
            part.unlink(missing_ok=True)  # It is there still only where something failed, or where it was not needed.


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Lend a folder inside of a folder, which is made where it is missing, as long as the block lasts.

    Raises RunfolioError as ``save`` does.
    """
    with ExitStack() as opened:
        with _naming(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lent = opened.enter_context(tempfile.TemporaryDirectory(prefix=".runfolio-", dir=folder))
        yield Path(lent)


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """Name the folder in whatever the disk refuses."""
    try:
        yield
    except OSError as error:
        raise RunfolioError(
            f"{folder} cannot be written to: {error.strerror or error}.",
            field="--output",
            remedy="Make room, or name a folder that you may write to.",
        ) from None


def _write(path: Path, pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
    return digest.digest()


def _place(part: Path, digest: bytes, wanted: Path) -> Path:
    for number in range(1, _MOST_COPIES):
        target = wanted if number == 1 else wanted.with_name(_numbered(wanted, number))
        try:
            # The name is taken first, by an empty file, so that of two commands at once neither overwrites the other.
            target.open("xb").close()
        except FileExistsError:
            if _has_content(target, digest):
                return target
            continue
        part.replace(target)
        return target
    raise RunfolioError(f"{wanted} and {_MOST_COPIES} copies of it exist.", remedy="Name another folder.")


def _numbered(path: Path, number: int) -> str:
    ending = f" ({number}){path.suffix}"
    return portable(path.stem, MAX_FILE_BYTES - len(ending)) + ending


def _has_content(path: Path, digest: bytes) -> bool:
    if not path.is_file():
        return False
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.digest() == digest
