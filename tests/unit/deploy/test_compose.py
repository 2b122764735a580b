"""docker-compose.yml against the Compose specification, the settings, the commands and our rules for containers.

The specification's JSON Schema is fetched for a run and never kept: from the package ``check-jsonschema``, which
carries the current one, where CI is set; else it is the file that RUNFOLIO_COMPOSE_SCHEMA names. No Docker engine
takes part.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator
from pydantic_settings import BaseSettings
from typer.main import get_command

from producer.contract.settings import PREFIX, read_settings
from producer.contract.sources import SOURCES
from producer.contract.webhooks import decode_secret
from producer.settings import GatewaySettings
from runfolio.cli import app
from tests.unit.deploy.compose import (
    OURS,
    ROOT,
    SERVERS,
    made_environment,
    read_interpolated,
    read_raw,
    variables_in,
)
from worker.settings import WorkerSettings

SCHEMA_IN_PACKAGE = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
SETTINGS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "worker": WorkerSettings,
    "large-worker": WorkerSettings,
    "callbacks": WorkerSettings,
    "sweeper": WorkerSettings,
}


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return made_environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def compose(variables: dict[str, str]) -> dict[str, Any]:
    return read_interpolated(variables)


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = os.environ.get("RUNFOLIO_COMPOSE_SCHEMA")
    if path:
        return json.loads(Path(path).read_bytes())
    if os.environ.get("CI"):
        return fetch(tmp_path_factory.mktemp("schema"))
    pytest.skip("set RUNFOLIO_COMPOSE_SCHEMA to the specification's compose-spec.json, or CI to fetch it")


def fetch(folder: Path) -> Any:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "check-jsonschema"]
    subprocess.run(pip, check=True, timeout=100)  # noqa: S603 # the arguments are ours
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as package:
        return json.loads(package.read(SCHEMA_IN_PACKAGE))


def test_the_file_follows_the_specification(schema: Any, compose: dict[str, Any]) -> None:
    errors = Draft202012Validator(schema).iter_errors(compose)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_the_schema_would_find_a_misspelt_key(schema: Any, compose: dict[str, Any]) -> None:
    gateway = {**compose["services"]["gateway"], "read_onyl": True}
    wrong = {**compose, "services": {**compose["services"], "gateway": gateway}}
    assert not Draft202012Validator(schema).is_valid(wrong)


def test_there_are_just_our_parts_and_the_two_servers(services: dict[str, Any]) -> None:
    assert set(services) == {*OURS, *SERVERS}


@pytest.mark.parametrize("name", OURS)
def test_a_part_is_given_settings_that_exist(name: str, services: dict[str, Any]) -> None:
    known = {PREFIX + field.upper() for field in SETTINGS[name].model_fields}
    given = {variable for variable in services[name]["environment"] if variable.startswith(PREFIX)}
    assert given - known == set()


@pytest.mark.parametrize("name", OURS)
def test_a_part_starts_with_the_settings_that_it_is_given(
    name: str, services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [one for one in os.environ if one.startswith((PREFIX, "AWS_"))]:
        monkeypatch.delenv(variable)
    for variable, value in services[name]["environment"].items():
        assert isinstance(value, str)
        monkeypatch.setenv(variable, value)
    read = read_settings(SETTINGS[name]).model_dump()
    assert len(decode_secret(read["callback_secret"], name="callback_secret")) == 32


@pytest.mark.parametrize("name", OURS)
def test_the_addresses_lead_to_the_servers(name: str, services: dict[str, Any], variables: dict[str, str]) -> None:
    given = services[name]["environment"]
    broker, store = urlsplit(given["RUNFOLIO_BROKER_URL"]), urlsplit(given["RUNFOLIO_S3_ENDPOINT_URL"])
    assert (broker.hostname, broker.port, broker.password) == ("valkey", 6379, variables["VALKEY_PASSWORD"])
    assert (store.hostname, store.port) == ("seaweedfs", 8333)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert given[variable] == services["seaweedfs"]["environment"][variable] != ""


def test_links_lead_to_a_published_port(services: dict[str, Any], variables: dict[str, str]) -> None:
    assert published(services["seaweedfs"]) == {urlsplit(variables["S3_PUBLIC_URL"]).port: 8333}
    assert published(services["gateway"]) == {urlsplit(variables["PUBLIC_URL"]).port: 8000}
    assert services["gateway"]["environment"]["RUNFOLIO_PORT"] == "8000"


def published(service: dict[str, Any]) -> dict[int, int]:
    ports = [port.split(":") for port in service.get("ports", ())]
    assert all(address == "127.0.0.1" for address, _, _ in ports)
    return {int(outside): int(inside) for _, outside, inside in ports}


ADDRESSES = {"BIND_ADDRESS", "TRUSTED_PROXIES"}
"""Variables with a default, none of which is a secret."""


OF_SOURCES = {f"SOURCE_{engine.upper()}_{what}" for engine in SOURCES for what in ("URL", "TOKEN")}
"""Engines that may be asked, which are none unless somebody says so."""


def test_no_secret_has_a_default(variables: dict[str, str]) -> None:
    named = [one for one in variables_in(read_raw()) if one.name not in OF_SOURCES]
    assert {one.name for one in named if one.rule != ":?"} == ADDRESSES
    assert all("deploy/make-env.sh" in one.rest for one in named if one.rule == ":?")
    assert {one.name for one in named} - ADDRESSES == set(variables)


def test_no_engine_is_asked_unless_somebody_says_so() -> None:
    named = [one for one in variables_in(read_raw()) if one.name in OF_SOURCES]
    assert {one.name for one in named} == OF_SOURCES
    assert {(one.rule, one.rest) for one in named} == {(":-", "")}


def test_only_workers_have_the_credentials_for_engines(services: dict[str, Any]) -> None:
    for name in OURS:
        given = {one for one in services[name]["environment"] if one.startswith(f"{PREFIX}SOURCE_")}
        tokens = {one for one in given if one.endswith("_TOKEN")}
        assert len(given - tokens) == len(SOURCES)
        assert len(tokens) == (len(SOURCES) if name in {"worker", "large-worker"} else 0)


def test_no_secret_is_written_down() -> None:
    for name, service in read_raw()["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|KEY", variable):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name}: {variable}"


@pytest.mark.parametrize("name", OURS)
def test_our_parts_may_do_little(name: str, services: dict[str, Any]) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 # inside of the container
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert "user" not in service, "the image's own user is not root"
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVERS)
def test_the_servers_gain_no_privileges(name: str, services: dict[str, Any]) -> None:
    assert services[name]["cap_drop"] == ["ALL"]
    assert services[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_our_parts_wait_for_servers_that_are_healthy(name: str, services: dict[str, Any]) -> None:
    assert services[name]["depends_on"] == {server: {"condition": "service_healthy"} for server in SERVERS}


def test_whatever_listens_has_a_health_check(services: dict[str, Any]) -> None:
    checked = {name for name, service in services.items() if "test" in service["healthcheck"]}
    assert checked == {"gateway", *SERVERS}
    for name in set(services) - checked:
        assert services[name]["healthcheck"] == {"disable": True}, name


def test_images_have_a_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":\d+(\.\d+)+(-[a-z]+)?$", service["image"]), name


@pytest.mark.parametrize("name", ["worker", "large-worker", "callbacks"])
def test_workers_can_be_scaled(name: str, services: dict[str, Any]) -> None:
    assert not {"container_name", "ports", "volumes", "hostname"} & set(services[name])


def test_executions_of_every_size_have_workers(services: dict[str, Any]) -> None:
    assert services["worker"]["command"] == ["worker", "--size", "small"]
    assert services["large-worker"]["command"] == ["worker", "--size", "large"]


@pytest.mark.parametrize("name", OURS)
def test_the_commands_exist(name: str, services: dict[str, Any]) -> None:
    command: Any = get_command(app)
    first, *options = services[name]["command"]
    assert command.commands[first].make_context(first, list(options)).command.name == first


@pytest.mark.parametrize("name", [*OURS, *SERVERS])
def test_every_network_and_volume_is_declared(name: str, compose: dict[str, Any]) -> None:
    service = compose["services"][name]
    assert set(service["networks"]) <= set(compose["networks"])
    assert {volume.split(":")[0] for volume in service.get("volumes", ())} <= set(compose["volumes"])


def test_the_two_servers_do_not_meet(services: dict[str, Any]) -> None:
    assert not set(services["valkey"]["networks"]) & set(services["seaweedfs"]["networks"])


def test_the_tokens_file_lies_on_a_volume(services: dict[str, Any]) -> None:
    (volume,) = services["gateway"]["volumes"]
    folder = volume.split(":")[1]
    assert Path(services["gateway"]["environment"]["RUNFOLIO_TOKENS_FILE"]).parent == Path(folder)
    assert f"--mode=0700 {folder}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_valkey_reads_its_password_and_keeps_everything(services: dict[str, Any], tmp_path: Path) -> None:
    shown = tmp_path / "valkey-server"
    shown.write_text('#!/bin/sh\necho "$@"\ncat\n')
    shown.chmod(0o700)
    valkey = services["valkey"]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **valkey["environment"]}
    done = subprocess.run(valkey["command"], env=environment, capture_output=True, text=True, check=True)  # noqa: S603 # the command under test
    arguments, *configuration = done.stdout.splitlines()
    assert arguments == "-"
    assert f"requirepass {valkey['environment']['VALKEY_PASSWORD']}" in configuration
    assert {"appendonly yes", "maxmemory-policy noeviction", "dir /data"} <= set(configuration)
    assert valkey["volumes"] == ["valkey:/data"]


def test_seaweedfs_opens_nothing_but_s3(services: dict[str, Any]) -> None:
    command = services["seaweedfs"]["command"]
    assert {"-ip.bind=127.0.0.1", "-s3.ip.bind=0.0.0.0", "-dir=/data"} <= set(command)
    assert services["seaweedfs"]["volumes"] == ["seaweedfs:/data"]
