"""The command line from the outside: what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest
from typer.testing import CliRunner

from runfolio import cli, terminal
from runfolio.target import find_target, find_tokens_file
from tests.fakes import Receiver, Reply
from tests.unit.runfolio.examples import ARCHIVE, as_json, as_lines, record


class Ended(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("URL", "TOKEN", "TOKENS_FILE", "MARKDOWN", "TIMEZONE"):
        monkeypatch.delenv(f"RUNFOLIO_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


class Run:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        code = cli.run(arguments)
        captured = self._capsys.readouterr()
        return Ended(code, captured.out, captured.err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


COMMANDS = ["up", "login", "send", "export", "retry", "doctor", "schema", "gateway", "worker", "sweep"]
TOKEN_COMMANDS = [["token", name] for name in ("create", "list", "revoke")]


@pytest.mark.parametrize("command", [[], ["token"], *([name] for name in COMMANDS), *TOKEN_COMMANDS])
def test_every_command_has_help(command: list[str]) -> None:
    ended = CliRunner().invoke(cli.app, [*command, "--help"])
    assert ended.exit_code == 0
    assert "Usage:" in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["send"],
        ["send", "--bogus", "x"],
        ["send", "x", "--format", "pdf"],
        ["send", "x", "--include", "manifest,secrets"],
        ["send", "x", "--instance", "prod"],
        ["export", "x"],
        ["retry"],
        ["retry", "id", "--all-failed"],
        ["login", "someone"],
        ["token", "create", "--name", "n", "--can", "fly", "--workflows", "*", "--data-dir", "."],
        ["up", "--port", "70000"],
        ["schema", "nothing"],
    ],
)
def test_wrong_usage_is_one_line_and_code_2(run: Run, arguments: list[str]) -> None:
    Path("x").write_bytes(as_json(record()))
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("Error: ")
    assert "--help'" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send", "x"], "No stack runs on the data folder"),
        (["send", "missing"], "missing cannot be read: No such file"),
        (["send", "x", "--url", "http://127.0.0.1:1", "--token", "t"], "http://127.0.0.1:1 does not answer"),
        (["send", "x", "--url", "http://127.0.0.1:1"], "There is no token"),
        (["send", "x", "--url", "gateway", "--token", "t"], "no address"),
        (["send", "x", "--url", "http://h", "--data-dir", "d"], "two gateways"),
        (["export", "missing", "-o", "out"], "missing cannot be read"),
        (["export", "x", "-o", "out", "--timezone", "Mars/Base"], "no time zone"),
        (
            ["export", "x", "-o", "out", "--redaction-rules", "missing"],
            "'missing' is no file of redaction rules: it cannot",
        ),
        (["export", "x", "-o", "out", "--redaction-rules", "x"], "'x' is no file of redaction rules: the file must be"),
        (["export", "x", "-o", "x"], "x cannot be written to"),
        (["token", "list"], "no data folder .runfolio"),
        (["doctor"], "No stack runs"),
        (["login"], "No stack runs on the data folder"),
        (["login", "--url", "http://127.0.0.1:1", "--token", "t"], "http://127.0.0.1:1 does not answer"),
        (["login", "--url", "http://127.0.0.1:1"], "There is no token"),
        (["login", "--url", "http://h", "--data-dir", "d"], "two gateways"),
        (["gateway"], "RUNFOLIO_"),
    ],
)
def test_a_failure_is_one_line_and_code_1(
    run: Run, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNFOLIO_BROKER_URL", raising=False)
    Path("x").write_bytes(as_json(record()))
    ended = run(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1
    assert said in ended.err


def test_the_version_is_told(run: Run) -> None:
    ended = run("--version")
    assert ended.code == 0
    assert ended.out.startswith("runfolio 0.")


def test_the_command_alone_shows_its_help(run: Run) -> None:
    ended = run()
    assert ended.code == 2
    assert "Usage: runfolio" in ended.out + ended.err


def test_ctrl_c_is_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(terminal, "result", interrupt)
    assert run("schema").code == 130


def test_export_prints_the_archives_path_alone(run: Run) -> None:
    Path("x").write_bytes(as_lines(record()))
    ended = run("export", "x", "-o", "out", "--format", "html", "--include", "manifest")
    assert ended == Ended(0, f"out/{ARCHIVE}\n", "")
    assert zipfile.ZipFile(f"out/{ARCHIVE}").namelist() == [
        "fetch_success.html",
        "answer_failed.html",
        "manifest.json",
    ]


def test_login_prints_the_link_alone(run: Run) -> None:
    link = "https://runfolio.example/login#code=a-code"
    answer = json.dumps({"url": link, "expires_at": "2025-04-09T16:00:00Z"}).encode()
    with Receiver(Reply(201, {"Content-Type": "application/json"}, answer)) as gateway:
        ended = run("login", "--url", gateway.url(""), "--token", "rf_mine")
    (request,) = gateway.received
    assert ended == Ended(0, f"{link}\n", "")
    assert (request.path, request.body) == ("/v1/login-links", b"")
    assert request.headers["authorization"] == "Bearer rf_mine"


def test_login_says_what_the_gateway_says_and_no_token(run: Run) -> None:
    problem = {"type": "urn:runfolio:problem:unauthenticated", "detail": "The token is not known here."}
    with Receiver(Reply(401, {"Content-Type": "application/problem+json"}, json.dumps(problem).encode())) as gateway:
        ended = run("login", "--url", gateway.url(""), "--token", "rf_secret")
    assert (ended.code, ended.out) == (1, "")
    assert "The token is not known here." in ended.err
    assert "rf_secret" not in ended.err


def test_settings_of_the_environment_count_for_export(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("x").write_bytes(as_lines(record()))
    monkeypatch.setenv("RUNFOLIO_TIMEZONE", "Asia/Tokyo")
    assert "_2025-04-09_23_59_56_" in run("export", "x", "-o", "out").out
    assert "_2025-04-09_14_59_56_" in run("export", "x", "-o", "out", "--timezone", "UTC").out


def test_export_redacts_as_it_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = [{"name": "fetch", "status": "succeeded", "output": {"password": "some words"}, "log": "EMP-17"}]
    Path("x").write_bytes(as_lines(record(steps=leaking)))
    Path("rules").write_text('[{"name": "employee", "pattern": "EMP-[0-9]+"}]')

    def text(*arguments: str) -> str:
        path = run("export", "x", "-o", f"out-{len(list(Path().iterdir()))}", *arguments).out.strip()
        return zipfile.ZipFile(path).read("fetch_success.md").decode()

    assert "some words" not in text()
    assert "some words" in text("--redaction", "off")
    assert "[redacted: employee]" in text("--redaction-rules", "rules")
    monkeypatch.setenv("RUNFOLIO_REDACTION_RULES", "rules")
    assert "[redacted: employee]" in text()
    monkeypatch.setenv("RUNFOLIO_REDACTION", "fail")
    refused = run("export", "x", "-o", "refused")
    assert refused.code == 1
    assert "Step 1, 'fetch', holds what the rules 'employee', 'secret-field' take for a secret" in refused.err
    assert not list(Path("refused").glob("*"))


@pytest.mark.parametrize("name", ["execution-record", "export", "export-options"])
def test_a_schema_is_a_schema(run: Run, name: str) -> None:
    schema = json.loads(run("schema", name).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith("Runfolio")


def test_the_schema_takes_a_record_and_refuses_another(run: Run) -> None:
    schema = json.loads(run("schema").out)
    jsonschema.validate(record(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record(steps=[{"name": "a", "status": "odd"}]), schema)


def test_tokens_are_created_listed_and_revoked(run: Run) -> None:
    here = ("--data-dir", ".")
    created = run(
        "token", "create", "--name", "ci", "--can", "read, export", "--workflows", "a:*", "--expires", "90d", *here
    )
    assert created.code == 0
    token = created.out.strip()
    assert token.startswith("rf_")
    assert created.out == f"{token}\n"
    secret = run("token", "create", "--name", "n8n", "--can", "ingest", "--workflows", "n8n:*", "--webhook", *here).out
    assert secret.startswith("whsec_")
    listed = run("token", "list", *here).out
    assert [line.split("\t")[:4] for line in listed.splitlines()] == [
        ["ci", "token", "read,export", "a:*"],
        ["n8n", "webhook secret", "ingest", "n8n:*"],
    ]
    assert token not in listed
    assert secret.strip() not in listed
    assert run("token", "create", "--name", "ci", "--can", "read", "--workflows", "*", *here).code == 1
    assert run("token", "revoke", "ci", *here).code == 0
    assert run("token", "revoke", "ci", *here).code == 1


@pytest.mark.parametrize("expires", ["soon", "2001-01-01", "0d", "3000000d", "-1d", ""])
def test_an_expiry_that_cannot_be_is_refused(run: Run, expires: str) -> None:
    ended = run(
        "token", "create", "--name", "n", "--can", "read", "--workflows", "*", "--expires", expires, "--data-dir", "."
    )
    assert ended.code == 1
    assert "--expires" in ended.err or "passed" in ended.err or "no time" in ended.err
    assert not Path("tokens.json").exists()


def test_the_environment_names_gateway_and_tokens_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUNFOLIO_URL", "https://gateway.test/")
    monkeypatch.setenv("RUNFOLIO_TOKEN", "from-environment")
    monkeypatch.setenv("RUNFOLIO_TOKENS_FILE", "/etc/tokens.json")
    assert find_target(None, None, None) == ("https://gateway.test", "from-environment")
    assert find_target("http://other.test", "mine", None) == ("http://other.test", "mine")
    assert "from-environment" not in repr(find_target(None, None, None))
    assert find_tokens_file(None) == Path("/etc/tokens.json")
    assert find_tokens_file(tmp_path) == tmp_path / "tokens.json"


def test_the_command_starts_without_what_only_some_commands_need() -> None:
    heavy = ("httpx", "celery", "redis", "fastapi", "boto3", "obstore", "msgspec", "pydantic")
    program = f"import sys, runfolio.cli; print([name for name in {heavy!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)  # noqa: S603 # the program stands above
    assert loaded.stdout.strip() == "[]"
