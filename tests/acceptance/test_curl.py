"""The whole way with the tools that users have: curl in, curl out, and every zip program opens the archive."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.acceptance.conftest import RunningStack
from tests.integration.gateway.examples import NDJSON, STRUCTURED, completed, step, unique

pytestmark = pytest.mark.acceptance


def run(program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of this machine; skip where it is missing, except in CI."""
    found = shutil.which(program)
    if found is None:
        if "CI" in os.environ:
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is missing")
    return subprocess.run([found, *arguments], capture_output=True, text=True, timeout=90, cwd=cwd, check=False)  # noqa: S603 # the callers below choose the programs


def post(stack: RunningStack, body: Path, headers: dict[str, str], *more: str) -> dict[str, Any]:
    """Post a file with curl and return the one export of the answer."""
    given = [f"{name}: {value}" for name, value in {**headers, "Authorization": f"Bearer {stack.token}"}.items()]
    arguments = [part for header in given for part in ("-H", header)]
    done = run(
        "curl", "-sSf", *arguments, *more, "--data-binary", f"@{body}", f"{stack.url}/v1/events", cwd=body.parent
    )
    assert done.returncode == 0, done.stderr
    (export,) = json.loads(done.stdout)["exports"]
    assert isinstance(export, dict)
    return export


def settled(stack: RunningStack, export: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.get(
        f"{stack.url}/v1/exports/{export['id']}",
        params={"wait": 60},
        headers={"Authorization": f"Bearer {stack.token}"},
        timeout=70,
    )
    view = answer.json()
    assert view["status"] == "ready", view
    assert isinstance(view, dict)
    return view


def download(link: str, folder: Path) -> Path:
    """Follow a link as the contract says, at once, and return the file that came."""
    folder.mkdir()
    done = run("curl", "-sS", "-fLOJ", "--retry", "10", link, cwd=folder)
    assert done.returncode == 0, done.stderr
    (file,) = folder.iterdir()
    return file


def test_an_event_sent_with_curl_is_downloaded_with_curl(stack: RunningStack, tmp_path: Path) -> None:
    steps = [step("plan"), step("search", output="one"), step("search", "failed", error="late"), step("a/b:c")]
    body = tmp_path / "event.json"
    body.write_text(json.dumps(completed(execution_id="4540c83c-57af-465c-84f2-c7c404e41328", steps=steps)))

    export = post(stack, body, STRUCTURED)
    file = download(export["download_url"], tmp_path / "downloads")
    view = settled(stack, export)

    assert file.name == "virtual assistant_2025-04-09_14_59_56_4540c83c-57af-465c-84f2-c7c404e41328.zip"
    assert file.name == view["archive"]["filename"]
    assert file.stat().st_size == view["archive"]["size"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == view["archive"]["sha256"]
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "plan_success.md",
            "search_1_success.md",
            "search_2_failed.md",
            "a_b_c_success.md",
        ]


@pytest.mark.parametrize("program", [("unzip", "-tqq"), ("bsdtar", "-xOf")], ids=["unzip", "bsdtar"])
def test_a_stream_of_twenty_thousand_steps_opens_in_other_programs(
    stack: RunningStack, tmp_path: Path, program: tuple[str, str]
) -> None:
    body = tmp_path / "event.ndjson"
    data = completed(workflow_name="Jahresbericht f\u00fcr \u65e5\u672c")["data"]
    del data["steps"]
    with body.open("w") as file:
        file.write(json.dumps(data) + "\n")
        for number in range(20_000):
            file.write(json.dumps(step(f"Schritt \u00e9 {number % 7}", output=f"# {number}")) + "\n")

    export = post(stack, body, NDJSON, "-H", "Transfer-Encoding: chunked")
    archive = download(export["download_url"], tmp_path / "downloads")
    opened = run(program[0], program[1], str(archive), cwd=tmp_path)

    assert opened.returncode == 0, opened.stderr
    with zipfile.ZipFile(archive) as inside:
        assert len(inside.namelist()) == 20_000
        assert "Schritt \u00e9 0_1_success.md" in inside.namelist()


def test_a_name_that_is_not_ascii_is_downloaded_under_a_readable_name(stack: RunningStack, tmp_path: Path) -> None:
    body = tmp_path / "event.json"
    body.write_text(json.dumps(completed(workflow_name="\u00dcbersicht", execution_id=unique("run"))))

    export = post(stack, body, STRUCTURED)
    file = download(export["download_url"], tmp_path / "downloads")

    # curl reads only the plain parameter of Content-Disposition, which is ASCII; browsers take the name itself.
    assert settled(stack, export)["archive"]["filename"] == "\u00dc" + file.name.removeprefix("U")


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_an_event_made_by_the_cloudevents_sdk_is_accepted(stack: RunningStack, mode: str) -> None:
    example = completed()
    event = CloudEvent(
        {name: example[name] for name in ("specversion", "type", "source", "id")}
        | {"datacontenttype": "application/json"},
        example["data"],
    )
    write = to_structured if mode == "structured" else to_binary
    message: HTTPMessage = write(event, JSONFormat())

    answer = httpx.post(
        f"{stack.url}/v1/events",
        content=message.body,
        headers={**message.headers, "Authorization": f"Bearer {stack.token}"},
    )

    assert answer.status_code == 202, answer.text
    assert settled(stack, answer.json()["exports"][0])["progress"] == {"done": 1, "total": 1}
