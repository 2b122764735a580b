"""That no secret leaves by way of an archive, and what the worker does where it must not mask."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from producer.contract.errors import RulesDiffer, SecretsFound
from producer.contract.export import Format, Options, Pending, State
from producer.contract.redaction.identity import Mode
from producer.contract.redaction.redactor import Redactor
from producer.contract.redaction.site import SiteRule
from tests.house import House, Process, Wire, record_of, step
from tests.unit.contract.redaction.examples import EXAMPLES, MIXED
from worker.pages import archive_of
from worker.pipeline import PATIENCE

SECRETS = sorted({rule: (rule, text, secret) for rule, text, secret in EXAMPLES}.values())
TOKEN = f"gh{'p_'}{MIXED[:36]}"
MASK = b"[redacted: github-token]"
EMPLOYEES = Redactor(site=(SiteRule("employee", "EMP-[0-9]+"),))


def leaking(text: str, *, number: int = 0) -> dict[str, Any]:
    """Return a record with a secret in every place that takes a text."""
    said = f"It is {text} there."
    plain = text.replace("\n", " ")
    child = {"name": said, "kind": said, "status": said, "input": said, "output": {"deep": [said]}, "x-own": said}
    return {
        "workflow": {"id": "wf", "name": f"flow {plain}", "x-own": said},
        "execution": {
            "id": f"e{number}",
            "status": "failed",
            "triggered_by": said,
            "input": {"text": said, "list": [said]},
            "output": json.dumps({"said": said}),
            "error": said,
            "url": f"https://example.org/?q={plain}",
            "output_media_type": "application/json",
            "x-own": {said: 1},
        },
        "x-own": said,
        "steps": [
            {
                "name": f"call {plain}",
                "status": "failed",
                "description": said,
                "input": said,
                "output": {"a": said, "b": {"c": [said]}, said: None},
                "error": {"message": said, "stack": f"at x\n{said}"},
                "log": f"\x1b[31m{said}\x1b[0m\n{said[:8]}\x1b[1m{said[8:]}",
                "children": [{**child, "children": [child]}],
                "x-own": [said],
            },
            {"name": "code", "status": "succeeded", "output": f"```sh\n{said}\n```\n\n| a | {plain} |\n"},
        ],
    }


def another(house: House, redactor: Redactor) -> Process:
    """Return a process over the same storage, board and queue that has another redaction."""
    other = House(redactor=redactor)
    other.clock, other.objects, other.queue = house.clock, house.objects, house.queue
    other.broker, other.board = house.broker, house.board
    return Process(other, Wire())


def everything(pairs: list[tuple[str, bytes]]) -> str:
    return "\n".join([name for name, _ in pairs] + [content.decode() for _, content in pairs])


def files(house: House, export_id: str) -> list[tuple[str, bytes]]:
    """Return the archive's own name and its files."""
    export = house.gateway.exports.find(export_id)
    assert export.status is State.READY, export.error
    assert export.archive is not None
    (key,) = [key for key in house.archives() if export_id in key]
    archive = zipfile.ZipFile(io.BytesIO(house.objects.get(key).data))
    return [(export.archive.filename, b""), *((name, archive.read(name)) for name in archive.namelist())]


@pytest.mark.parametrize("fmt", list(Format))
@pytest.mark.parametrize("combine", [False, True])
def test_no_example_of_any_rule_is_in_any_file_of_an_archive(fmt: Format, combine: bool) -> None:
    house = House()
    options = {"format": fmt, "combine": combine, "include": ["manifest", "reader"]}
    records = [leaking(text, number=number) for number, (_, text, _) in enumerate(SECRETS)]
    sent = [house.send(record, export=options)[0] for record in records]
    house.work()
    for export, (rule, _, secret) in zip(sent, SECRETS, strict=True):
        made = files(house, export.id)
        text = everything(made)
        for part in {secret, json.dumps(secret)[1:-1], *secret.split("\n")[1:3]}:
            assert part not in text, rule
        manifest = json.loads(dict(made)["manifest.json"])
        assert rule in {one["rule"] for one in manifest["redactions"]}


def test_nor_in_the_answers_of_the_gateway() -> None:
    house = House()
    for number, (rule, text, secret) in enumerate(SECRETS):
        (export,) = house.send(leaking(text, number=number), export={})
        executions = house.gateway.executions
        page = executions.page("wf", f"e{number}", 0, 50)
        listed = executions.executions("wf", None, None, 1)
        foreseen = executions.foresee("wf", f"e{number}", Options())
        workflows = executions.workflows(None, lambda _: True, None, 10)
        shown = f"{page} {listed} {foreseen} {workflows} {export}"
        assert secret not in shown, rule
        assert secret.replace("\n", "\\n") not in shown, rule
        revealed = executions.page("wf", f"e{number}", 0, 50, reveal=True)
        assert revealed.steps == leaking(text)["steps"]
        assert revealed.execution == leaking(text, number=number)["execution"]


@pytest.mark.parametrize("options", [{}, {"format": "html"}, {"include": ["manifest", "reader"]}, {"combine": True}])
def test_a_dry_run_tells_the_names_of_the_archive(options: dict[str, Any]) -> None:
    house = House()
    steps = [step(f"{TOKEN[:-3]}{number:03}") for number in range(3)] * 2
    record = {**record_of(steps), "workflow": {"id": "wf", "name": f"flow {TOKEN}"}}
    (export,) = house.send(record, export=options)
    foreseen = house.gateway.executions.foresee("wf", "e1", export.options)
    house.work()
    (archive, _), *rest = files(house, export.id)
    assert foreseen.filename == archive
    assert foreseen.names == [name for name, _ in rest]
    assert archive.startswith("flow [redacted_ github-token]_")
    assert "~3_2_success" in str(foreseen.names) or options.get("combine")


def test_listings_that_are_rebuilt_are_masked() -> None:
    house = House()
    house.send(leaking(TOKEN), export=[])
    house.lose_broker()
    for _ in range(3):
        house.sweeper.round()
        house.clock.advance(10)
    (listed,) = house.gateway.executions.executions("wf", None, None, 10).items
    assert listed.triggered_by == "It is [redacted: github-token] there."
    assert "redacted" in str(listed.input_preview)
    assert TOKEN not in str(listed)


def test_listings_of_before_a_new_rule_are_masked_by_it() -> None:
    house = House(redactor=Redactor(Mode.OFF))
    house.send(leaking("EMP-1234"), export=[])
    process = another(house, EMPLOYEES)
    (listed,) = process.executions.executions("wf", None, None, 10).items
    (workflow,) = process.executions.workflows(None, lambda _: True, None, 10).items
    assert "EMP-1234" not in f"{listed} {workflow}"
    assert "[redacted: employee]" in f"{listed.input_preview}"


def test_the_manifest_counts_by_rule_and_file() -> None:
    house = House()
    steps = [step("a", output=f"{TOKEN} {TOKEN}", log="password: hunter2"), step("b"), step("c", error=TOKEN)]
    record = record_of(steps, input=TOKEN)
    (plain,) = house.send(record, export={"include": ["manifest", "reader"]})
    (combined,) = house.send(record, export={"include": ["manifest", "reader"], "combine": True})
    house.work()
    manifest = json.loads(dict(files(house, plain.id))["manifest.json"])
    assert manifest["redactions"] == [
        {"rule": "github-token", "file": "a_success.md", "count": 2},
        {"rule": "secret-field", "file": "a_success.md", "count": 1},
        {"rule": "github-token", "file": "c_success.md", "count": 1},
        {"rule": "github-token", "file": "index.html", "count": 4},
        {"rule": "secret-field", "file": "index.html", "count": 1},
    ]
    assert manifest["profile"]["redaction"] == house.redactor.identity
    manifest = json.loads(dict(files(house, combined.id))["manifest.json"])
    assert {(one["rule"], one["count"]) for one in manifest["redactions"]} == {("github-token", 4), ("secret-field", 1)}
    assert len(manifest["redactions"]) == 4


def test_a_workflow_s_masked_name_counts_in_every_file_that_shows_it() -> None:
    house = House()
    record = {**record_of([step("a"), step("b")]), "workflow": {"id": "wf", "name": TOKEN}}
    (export,) = house.send(record, export={"include": ["manifest"]})
    house.work()
    made = dict(files(house, export.id))
    assert [(one["file"], one["count"]) for one in json.loads(made["manifest.json"])["redactions"]] == [
        ("a_success.md", 1),
        ("b_success.md", 1),
    ]
    assert MASK in made["a_success.md"].replace(b"\\", b"")


@pytest.mark.parametrize("options", [{}, {"combine": True}, {"format": "html", "include": ["reader"]}])
def test_fail_refuses_and_names_rule_and_step_but_not_the_value(options: dict[str, Any]) -> None:
    house = House(redactor=Redactor(Mode.FAIL))
    (export,) = house.send(record_of([step("fine"), step(f"use {TOKEN}", log="password: hunter2")]), export=options)
    house.work()
    failed = house.gateway.exports.find(export.id)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert failed.error.type == "urn:runfolio:problem:secrets-found"
    assert "Step 2, 'use [redacted: github-token]'" in failed.error.detail
    assert "'github-token', 'secret-field'" in failed.error.detail
    assert failed.error.field == "steps[1]"
    assert TOKEN not in str(failed)
    assert "hunter2" not in str(failed)
    assert house.archives() == []
    assert house.pending() == []


def test_fail_refuses_what_the_execution_itself_holds() -> None:
    house = House(redactor=Redactor(Mode.FAIL))
    (export,) = house.send(record_of([step()], triggered_by={"api_key": "some words"}), export={})
    house.work()
    failed = house.gateway.exports.find(export.id)
    assert failed.error is not None
    assert failed.error.field == "execution"
    assert "'secret-field'" in failed.error.detail


def test_fail_makes_what_holds_no_secret() -> None:
    house = House(redactor=Redactor(Mode.FAIL))
    record = record_of([step("fine", "failed"), step("leak", output=TOKEN)])
    (export,) = house.send(record, export={"steps": "failed"})
    house.work()
    assert [name for name, _ in files(house, export.id)][1:] == ["fine_failed.md"]


def test_off_shows_everything() -> None:
    house = House(redactor=Redactor(Mode.OFF))
    (export,) = house.send(record_of([step("a", output=TOKEN)]), export={})
    house.work()
    assert TOKEN.encode() in dict(files(house, export.id))["a_success.md"].replace(b"\\", b"")


def test_other_rules_are_another_export() -> None:
    record = record_of([step("a", output=f"{TOKEN} EMP-1")])
    house = House()
    (before,) = house.send(record, export={})
    house.work()
    process = another(house, EMPLOYEES)
    (export,) = process.send(record, export={})
    assert export.id != before.id
    process.work()
    assert b"[redacted: employee]" in dict(files(house, export.id))["a_success.md"].replace(b"\\", b"")
    assert b"EMP-1" in dict(files(house, before.id))["a_success.md"]


def test_a_worker_of_other_rules_hands_back_and_in_the_end_fails_truthfully() -> None:
    house = House()
    (export,) = house.send(record_of([step()]), export={})
    stranger = another(house, Redactor(Mode.OFF))
    stranger.work()
    assert house.gateway.exports.find(export.id).status is State.QUEUED
    assert house.archives() == []
    house.clock.advance(PATIENCE.total_seconds() + 10)
    house.sweeper.round()
    stranger.work()
    failed = house.gateway.exports.find(export.id)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert failed.error.type == "urn:runfolio:problem:redaction-rules-differ"
    assert "RUNFOLIO_REDACTION" in str(failed.error.remedy)


def test_during_a_deployment_the_next_worker_makes_it() -> None:
    house = House()
    (export,) = house.send(record_of([step("a")]), export={})
    another(house, Redactor(Mode.OFF)).work()
    house.settle_down()
    assert [name for name, _ in files(house, export.id)][1:] == ["a_success.md"]


def test_an_archive_is_never_made_under_other_rules() -> None:
    house = House()
    house.send(record_of([step()]), export=[])
    record = house.gateway.executions.record("wf", "e1")
    pending: Pending = house.gateway.exports.draft(record, Options(), "")
    with pytest.raises(RulesDiffer, match="mask:"):
        archive_of(record, pending, lambda _, __: None, Redactor(Mode.FAIL))
    leak = House(redactor=Redactor(Mode.FAIL))
    leak.send(record_of([step()], input=TOKEN), export=[])
    record = leak.gateway.executions.record("wf", "e1")
    with pytest.raises(SecretsFound, match="'github-token'"):
        archive_of(record, leak.gateway.exports.draft(record, Options(), ""), lambda _, __: None, leak.redactor)
