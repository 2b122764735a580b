from __future__ import annotations

from pathlib import Path

from runfolio.embedded.datadir import DataDir
from runfolio.embedded.environment import parts_environment
from runfolio.embedded.keys import Secrets
from runfolio.embedded.ports import PortPair
from runfolio.embedded.seaweedfs import SeaweedPorts

SECRETS = Secrets("access", "secret", "password", "link", "callback")
PORTS = SeaweedPorts(*(PortPair(number, number + 10_000) for number in range(12_000, 12_005)))


def environment(**inherited: str) -> dict[str, str]:
    return parts_environment(inherited, DataDir(Path("/d")), SECRETS, port=8000, valkey_port=12_345, seaweed=PORTS)


def test_the_parts_know_the_servers_the_address_and_the_secrets() -> None:
    known = environment()
    assert known["RUNFOLIO_BROKER_URL"] == "redis://:password@127.0.0.1:12345/0"
    assert known["RUNFOLIO_S3_ENDPOINT_URL"] == known["RUNFOLIO_S3_PUBLIC_ENDPOINT_URL"] == "http://127.0.0.1:12003"
    assert (known["RUNFOLIO_S3_BUCKET"], known["RUNFOLIO_S3_REGION"]) == ("runfolio", "us-east-1")
    assert (known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"]) == ("access", "secret")
    assert (known["RUNFOLIO_HOST"], known["RUNFOLIO_PORT"]) == ("127.0.0.1", "8000")
    assert known["RUNFOLIO_PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert known["RUNFOLIO_TOKENS_FILE"] == "/d/tokens.json"
    assert (known["RUNFOLIO_LINK_SECRET"], known["RUNFOLIO_CALLBACK_SECRET"]) == ("link", "callback")


def test_what_the_stack_decides_wins_and_other_settings_pass_through() -> None:
    known = environment(RUNFOLIO_BROKER_URL="redis://elsewhere", RUNFOLIO_MARKDOWN="python-markdown", LANG="C")
    assert known["RUNFOLIO_BROKER_URL"].startswith("redis://:password@")
    assert known["RUNFOLIO_MARKDOWN"] == "python-markdown"
    assert known["LANG"] == "C"


def test_the_users_own_aws_account_is_kept_out() -> None:
    known = environment(AWS_PROFILE="mine", AWS_SESSION_TOKEN="t", AWS_ENDPOINT_URL="https://s3", AWS_ACCESS_KEY_ID="k")
    assert known["AWS_ACCESS_KEY_ID"] == "access"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} & known.keys()
    assert known["AWS_CONFIG_FILE"] == known["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_no_proxy_is_asked_for_this_machine() -> None:
    known = environment(HTTP_PROXY="http://proxy", no_proxy="internal.example")
    assert known["NO_PROXY"] == known["no_proxy"] == "internal.example,127.0.0.1,localhost"
    assert known["HTTP_PROXY"] == "http://proxy"
