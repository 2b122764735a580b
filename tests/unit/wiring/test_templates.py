"""What users paste: it parses, it keeps to the schema where there is one, and its README is short and true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from producer.contract.record import Status
from producer.engines.stepfunctions_statuses import EXECUTIONS

INTEGRATIONS = Path(__file__).parents[3] / "integrations"
FOLDERS = sorted(path.parent for path in INTEGRATIONS.glob("*/README.md"))
PYTHON = ["airflow/runfolio_listener.py", "dagster/runfolio_sensors.py", "github/send.py", "prefect/runfolio_hook.py"]
MOST_LINES = 10


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((INTEGRATIONS / name).read_text(encoding="utf-8")))


def first_block(text: str) -> list[str]:
    """The lines of code that lead to the first archive: all before the first sentence that begins a second way."""
    way = re.split(r"\n(?:Without|In the cloud|All that|The event tells)", text)[0]
    blocks = re.findall(r"```\w+\n(.*?)```", way, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_readme_leads_to_the_first_archive_in_few_lines(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert 1 <= len(first_block(text)) <= MOST_LINES
    for name in re.findall(r"`([\w.-]+\.(?:py|js|json|sh|yaml|yml))`", text):
        assert name in {"mine.yaml", "runfolio.yml"} or (folder / name).exists(), name


def test_every_folder_is_told_in_the_projects_readme() -> None:
    told = (INTEGRATIONS.parent / "README.md").read_text(encoding="utf-8")
    assert [folder.name for folder in FOLDERS if f"(integrations/{folder.name})" not in told] == []


def files() -> list[Path]:
    found = [path for path in INTEGRATIONS.glob("*/*") if path.is_file() and path.parent.name != "check"]
    return [path for path in found if path.suffix in {".py", ".js", ".yaml", ".yml", ".sh"}]


def test_settings_have_the_same_names_everywhere() -> None:
    known = {"URL", "TOKEN", "QUERY", "TIMEOUT", "INTERVAL", "HOOKS"}
    known |= {f"AIRFLOW_{name}" for name in ("URL", "TOKEN", "USER", "PASSWORD")}
    for path in files():
        named = set(re.findall(r"\bRUNFOLIO_([A-Z_]+)", path.read_text(encoding="utf-8")))
        assert named <= known, path


def test_the_files_that_are_copied_alone_post_alike() -> None:
    texts = [(INTEGRATIONS / name).read_text(encoding="utf-8") for name in PYTHON]
    functions = {re.search(r"^def post\(.*?(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE) for text in texts}
    assert None not in functions
    assert len({match[0].strip() for match in functions if match}) == 1


@pytest.mark.parametrize("name", ["argo/runfolio.yaml", "tekton/runfolio.yaml"])
def test_secrets_come_from_a_secret(name: str) -> None:
    text = (INTEGRATIONS / name).read_text(encoding="utf-8")
    assert all("apiVersion" in document and "kind" in document for document in documents(name))
    assert "secretRef" in text
    assert "kind: Role\n" in text


def test_the_action_hands_its_inputs_on() -> None:
    [action] = documents("github/action.yml")
    [step] = action["runs"]["steps"]
    used = set(re.findall(r"inputs\.([\w-]+)", " ".join(step["env"].values())))
    assert used == set(action["inputs"])
    assert all(step.get("shell") for step in action["runs"]["steps"])


def test_the_automation_posts_what_the_adapter_takes() -> None:
    [automation] = documents("prefect/automation.yaml")
    [action] = automation["actions"]
    assert action["type"] == "call-webhook"
    filled = re.sub(r"\{\{ (\w+)\|tojson \}\}", r'{"of": "\1"}', action["payload"])
    assert set(json.loads(filled)) == {"event", "flow", "flow_run"}
    assert {name.rpartition(".")[2] for name in automation["trigger"]["expect"]} == {
        "Completed",
        "Failed",
        "Crashed",
        "Cancelled",
    }


def test_the_workflow_of_n8n_is_connected() -> None:
    workflow = json.loads((INTEGRATIONS / "n8n" / "runfolio-workflow.json").read_text(encoding="utf-8"))
    names = [node["name"] for node in workflow["nodes"]]
    targets = [link["node"] for way in workflow["connections"].values() for out in way["main"] for link in out]
    assert [*workflow["connections"], *targets[-1:]] == names
    assert not any("credentials" in node for node in workflow["nodes"])
    expressions = " ".join(re.findall(r"\$\('([^']+)'\)", json.dumps(workflow)))
    assert all(name in expressions for name in ("Error Trigger", "Settings"))


def test_the_rule_of_aws_lets_every_end_through() -> None:
    text = (INTEGRATIONS / "stepfunctions" / "template.yaml").read_text(encoding="utf-8")
    [told] = re.findall(r"status: \[(.+)\]", text)
    ends = {word for word, meaning in EXECUTIONS.words.items() if isinstance(meaning, Status)}
    assert set(told.split(", ")) == ends


def lint(template: Path) -> subprocess.CompletedProcess[str]:
    linter = str(Path(sys.executable).parent / "cfn-lint")
    return subprocess.run([linter, str(template)], capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 # a tool of this environment


def test_the_template_of_aws_keeps_to_its_schema() -> None:
    done = lint(INTEGRATIONS / "stepfunctions" / "template.yaml")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_a_broken_template_would_be_found(tmp_path: Path) -> None:
    text = (INTEGRATIONS / "stepfunctions" / "template.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "template.yaml"
    broken.write_text(text.replace("InvocationRateLimitPerSecond: 20", "InvocationRate: 20"))
    assert lint(broken).returncode != 0
