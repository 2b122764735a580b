"""Static files under ``/static/<version>/``: an address that changes with their content may be cached for good."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from os import PathLike
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOLDERS: Final[tuple[tuple[str, str], ...]] = (("producer", "static"), ("producer.contract.render", "static"))
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK: Final = "no-cache"


def asset(name: str) -> str:
    """Return a static file's address. Scripts import each other relatively, hence one version stands for all."""
    return f"/static/{version()}/{name}"


@cache
def version() -> str:
    """Name the content of all static files."""
    digest = hashlib.sha256()
    for package, folder in _FOLDERS:
        for file in sorted(files(package).joinpath(folder).iterdir(), key=lambda file: file.name):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


class VersionedFiles(StaticFiles):
    """Serves the files under any version: a page from before an update still finds its style, but does not keep it."""

    def __init__(self) -> None:
        super().__init__(packages=[*_FOLDERS])

    def file_response(
        self, full_path: str | PathLike[str], stat_result: object, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer a file, with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _FOR_GOOD if scope["path_params"].get("version") == version() else _ASK
        return response
