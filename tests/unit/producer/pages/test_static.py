from __future__ import annotations

import asyncio
import re
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from producer.pages import static
from producer.pages.static import VersionedFiles, asset, version

NAMES = sorted(
    file.name
    for package, folder in (("producer", "static"), ("producer.contract.render", "static"))
    for file in files(package).joinpath(folder).iterdir()
)


def get(path: str) -> httpx.Response:
    app = Starlette(routes=[Mount("/static/{version}", VersionedFiles())])
    app.router.redirect_slashes = False

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://runfolio.test") as client:
            return await client.get(path)

    return asyncio.run(asked())


def test_an_address_holds_the_version() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", version())
    assert asset("app.css") == f"/static/{version()}/app.css"


def test_no_file_hides_another_of_the_same_name() -> None:
    assert len(NAMES) == len(set(NAMES))


def test_the_version_changes_with_any_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for package in ("producer", "producer.contract.render"):
        (tmp_path / package / "static").mkdir(parents=True)
    monkeypatch.setattr(static, "files", lambda package: tmp_path / package)
    ours, documents = tmp_path / "producer/static", tmp_path / "producer.contract.render/static"
    seen = [version.__wrapped__()]
    for path, content in (
        (ours / "a.css", "one"),
        (ours / "a.css", "two"),
        (documents / "b.css", "one"),
        (documents / "b.css", "two"),
        (ours / "c.js", ""),
    ):
        path.write_text(content)
        seen.append(version.__wrapped__())
    (ours / "a.css").rename(ours / "d.css")
    seen.append(version.__wrapped__())
    assert len(set(seen)) == len(seen)
    assert version.__wrapped__() == seen[-1]


@pytest.mark.parametrize("name", NAMES)
def test_every_file_may_be_kept_for_good_under_its_version(name: str) -> None:
    answer = get(asset(name))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.headers["content-type"].partition(";")[0] == kinds[name.rpartition(".")[2]]


@pytest.mark.parametrize("other", ["old", "0" * 12, "x" * 12])
def test_under_another_version_a_file_is_asked_for_each_time(other: str) -> None:
    answer = get(f"/static/{other}/app.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name", ["", "none.css", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd", "templates/base.html"]
)
def test_nothing_else_is_served(name: str) -> None:
    assert (get(f"/static/{version()}/{name}")).status_code == 404
