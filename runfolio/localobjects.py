"""An ObjectStore in a folder of its own, for one process: the place of S3 where an archive is made offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from producer.contract.errors import ObjectExists, ObjectNotFound, StorageUnavailable
from producer.contract.objects import NO_METADATA, Content, StoredObject, Upload

_PIECE: Final = 1024 * 1024


class _File(NamedTuple):
    path: Path
    facts: StoredObject
    metadata: Mapping[str, str] = NO_METADATA


class LocalObjects:
    """Objects as numbered files of an existing folder, which nobody else uses; what they are called is held in memory.

    A version is never written over: each write makes a new file, whose number is its version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._written = 0

    def get(self, key: str) -> Content:
        """Read an object whole. Raises ObjectNotFound."""
        found = self._find(key)
        return Content(found.path.read_bytes(), found.facts.etag)

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read a range piece by piece. Raises ObjectNotFound."""
        found = self._find(key)
        return self._pieces(found, start, found.facts.size if end is None else min(end, found.facts.size))

    def head(self, key: str) -> StoredObject:
        """Tell an object's facts. Raises ObjectNotFound."""
        return self._find(key).facts

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        content_disposition: str | None = None,
    ) -> None:
        """Write an object, over whatever is there."""
        self.put_stream(key, [data], content_type=content_type, content_disposition=content_disposition)

    def put_if(
        self,
        key: str,
        data: bytes,
        *,
        etag: str | None,
        content_type: str = "application/json",
        content_disposition: str | None = None,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        """Write an object where it is still at a version, or new. Raises ObjectExists where it is not."""
        present = self._files.get(key)
        if (present.facts.etag if present else None) != etag:
            raise ObjectExists(f"'{key}' is not at the version that was expected.")
        self.put(key, data, content_type=content_type, content_disposition=content_disposition)
        self._files[key] = self._files[key]._replace(metadata=dict(metadata))

    def metadata(self, key: str) -> Mapping[str, str]:
        """Tell the metadata that was written with an object. Raises ObjectNotFound."""
        return self._find(key).metadata

    def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = "application/octet-stream",  # noqa: ARG002 # nobody downloads from here
        content_disposition: str | None = None,  # noqa: ARG002 # nobody downloads from here
    ) -> None:
        """Write an object of any size; an error of ``chunks`` leaves nothing behind. Raises StorageUnavailable."""
        self._written += 1
        path = self._folder / str(self._written)
        kept = False
        try:
            size = self._write(path, chunks)
            self.delete([key])
            self._files[key] = _File(path, StoredObject(key, size, datetime.now(UTC), str(self._written)))
            kept = True
        finally:
            if not kept:
                path.unlink(missing_ok=True)

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """List objects in the order of their keys' UTF-8."""
        for key in sorted(self._files, key=str.encode):
            if key.startswith(prefix) and (after is None or key.encode() > after.encode()):
                yield self._files[key].facts

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; a key without an object is no error."""
        for key in tuple(keys):
            found = self._files.pop(key, None)
            if found is not None:
                found.path.unlink(missing_ok=True)

    def uploads(self, prefix: str) -> Iterator[Upload]:  # noqa: ARG002 # there are none, whatever their keys
        """List nothing: what is written in this process ends with it."""
        return iter(())

    def abort(self, upload: Upload) -> None:
        """Do nothing: there is no such upload."""

    def sign(self, key: str, expires_in: timedelta) -> str:  # noqa: ARG002 # a file's address does not expire
        """Return the file's address."""
        return self._find(key).path.absolute().as_uri()

    def ensure_bucket(self) -> None:
        """Do nothing: the folder is there."""

    def check(self) -> None:
        """Raise StorageUnavailable unless the folder is there."""
        if not self._folder.is_dir():
            raise StorageUnavailable(f"The folder {self._folder} is gone.", remedy="Run the command again.")

    def _find(self, key: str) -> _File:
        found = self._files.get(key)
        if found is None:
            raise ObjectNotFound(f"There is no object '{key}'.")
        return found

    def _write(self, path: Path, chunks: Iterable[bytes]) -> int:
        # Only the disk's errors are the store's; those of the chunks come out as they are.
        try:
            file = path.open("xb")
        except OSError as error:
            raise self._unusable(error) from None
        with file:
            for chunk in chunks:
                try:
                    file.write(chunk)
                except OSError as error:
                    raise self._unusable(error) from None
            return file.tell()

    def _unusable(self, error: OSError) -> StorageUnavailable:
        return StorageUnavailable(
            f"{self._folder} cannot be written to: {error.strerror}.", remedy="Make room, or name another folder."
        )

    def _pieces(self, found: _File, start: int, end: int) -> Iterator[bytes]:
        with found.path.open("rb") as file:
            file.seek(start)
            while start < end:
                piece = file.read(min(_PIECE, end - start))
                if not piece or self._files.get(found.facts.key) != found:
                    raise StorageUnavailable(f"'{found.facts.key}' was replaced while it was read.")
                start += len(piece)
                yield piece
