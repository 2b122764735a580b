"""The command line against the whole stack."""

from __future__ import annotations

import hashlib
import json
import subprocess
import urllib.request
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import RunningStack, environment, runfolio_command

pytestmark = pytest.mark.acceptance

SAMPLE = Path(__file__).parents[2] / "samples" / "codemie-virtual-assistant.json"


def runfolio(*arguments: str, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [str(runfolio_command()), *arguments]
    return subprocess.run(  # noqa: S603 # the command under test
        command, input=stdin, capture_output=True, cwd=folder, env=environment(), timeout=60, check=False
    )


def lines(execution: str, count: int = 3) -> bytes:
    header = {
        "workflow": {"id": "cli:test", "name": "cli"},
        "execution": {"id": execution, "status": "succeeded", "started_at": "2025-01-02T03:04:05Z"},
    }
    steps = [{"name": f"step {n}", "status": "succeeded", "output": "text " * 100} for n in range(count)]
    return b"".join(json.dumps(line).encode() + b"\n" for line in [header, *steps])


def test_send_prints_a_link_that_works(stack: RunningStack, tmp_path: Path) -> None:
    done = runfolio("send", str(SAMPLE), "--engine", "codemie", "--data-dir", str(stack.data_dir), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    (link,) = done.stdout.decode().splitlines()
    assert link.startswith(f"{stack.url}/d/")
    with urllib.request.urlopen(link) as answer:  # noqa: S310 # the stack's own link
        assert answer.read(2) == b"PK"


@pytest.mark.parametrize(
    "options", [[], ["--format", "html", "--combine", "--include", "manifest"], ["--steps", "failed"]]
)
def test_send_and_export_make_the_same_bytes(stack: RunningStack, tmp_path: Path, options: list[str]) -> None:
    chosen = ["--engine", "codemie", "--instance", "same", *options]
    target = ["--data-dir", str(stack.data_dir)]
    sent = runfolio("send", str(SAMPLE), *chosen, *target, "-o", "sent", folder=tmp_path)
    made = runfolio("export", str(SAMPLE), *chosen, "-o", "made", folder=tmp_path)
    assert sent.returncode == made.returncode == 0, sent.stderr + made.stderr
    paths = [tmp_path / done.stdout.decode().strip() for done in (sent, made)]
    assert paths[0].name == paths[1].name
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_long_stream_from_standard_input(stack: RunningStack, tmp_path: Path) -> None:
    target = ["--url", stack.url, "--token", stack.token]
    done = runfolio("send", "-", *target, "-o", "out", folder=tmp_path, stdin=lines("long", 3_000))
    assert done.returncode == 0, done.stderr
    path = tmp_path / done.stdout.decode().strip()
    assert len(zipfile.ZipFile(path).namelist()) == 3_000
    (tmp_path / "input.ndjson").write_bytes(lines("long", 3_000))
    made = runfolio("export", "input.ndjson", "-o", "made", folder=tmp_path)
    assert (
        hashlib.sha256((tmp_path / made.stdout.decode().strip()).read_bytes()).digest()
        == hashlib.sha256(path.read_bytes()).digest()
    )


def test_sending_again_is_the_same_export(stack: RunningStack, tmp_path: Path) -> None:
    target = ["--data-dir", str(stack.data_dir)]
    links = [runfolio("send", "-", *target, folder=tmp_path, stdin=lines("again")).stdout for _ in range(2)]
    assert links[0] == links[1] != b""


def test_retry_brings_back_what_was_deleted(stack: RunningStack, tmp_path: Path) -> None:
    target = ["--data-dir", str(stack.data_dir)]
    first = runfolio("send", "-", *target, folder=tmp_path, stdin=lines("retried")).stdout.decode().strip()
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {stack.token}"}) as client:
        listed = client.get("/v1/exports", params={"workflow": "cli:test"}).json()["items"]
        (identity,) = [one["id"] for one in listed if one["execution"]["id"] == "retried"]
        assert client.delete(f"/v1/exports/{identity}").status_code == 204
        refused = runfolio("send", "-", *target, folder=tmp_path, stdin=lines("retried"))
        assert refused.returncode == 1
        assert f"runfolio retry {identity}" in refused.stderr.decode()
        again = runfolio("retry", identity, *target, folder=tmp_path)
        assert again.returncode == 0, again.stderr
        second = again.stdout.decode().strip()
        assert second != first
        assert client.get(second).status_code == 302
        assert client.get(first).status_code == 410
    none = runfolio("retry", "--all-failed", "--workflow", "cli:test", *target, folder=tmp_path)
    assert (none.returncode, none.stdout) == (0, b"")
    assert b"no failed export" in none.stderr


def test_doctor_passes_again_and_again(stack: RunningStack, tmp_path: Path) -> None:
    for _ in range(2):
        done = runfolio("doctor", "--data-dir", str(stack.data_dir), folder=tmp_path)
        marks = [line[0] for line in done.stdout.decode().splitlines()]
        assert (done.returncode, marks) == (0, ["✓"] * 7), done.stdout.decode()


def test_a_token_counts_at_once_and_no_longer_than_it_should(stack: RunningStack, tmp_path: Path) -> None:
    target = ["--data-dir", str(stack.data_dir)]
    scopes = ["--name", "cli", "--can", "ingest,read", "--workflows", "cli:*"]
    token = runfolio("token", "create", *scopes, *target, folder=tmp_path).stdout.decode().strip()
    mine = ["--url", stack.url, "--token", token]
    assert runfolio("send", "-", *mine, folder=tmp_path, stdin=lines("by token")).returncode == 0
    doctor = runfolio("doctor", *mine, folder=tmp_path)
    assert doctor.returncode == 1
    assert "✗" in doctor.stdout.decode()
    listed = runfolio("token", "list", *target, folder=tmp_path).stdout.decode()
    assert "cli\ttoken\tingest,read\tcli:*\tnever" in listed.splitlines()
    assert runfolio("token", "revoke", "cli", *target, folder=tmp_path).returncode == 0
    refused = runfolio("send", "-", *mine, folder=tmp_path, stdin=lines("by token"))
    assert refused.returncode == 1
    assert len(refused.stderr.decode().splitlines()) == 1


def test_a_record_that_is_refused_is_one_line(stack: RunningStack, tmp_path: Path) -> None:
    bad = lines("bad") + b'{"name": "a", "status": "odd"}\n'
    done = runfolio("send", "-", "--data-dir", str(stack.data_dir), folder=tmp_path, stdin=bad)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "steps[3].status" in done.stderr.decode()
    assert len(done.stderr.decode().splitlines()) == 1
