"""The environment of gateway, worker and sweeper in a stack."""

from __future__ import annotations

import os
from collections.abc import Mapping

from runfolio.embedded.datadir import DataDir
from runfolio.embedded.keys import Secrets
from runfolio.embedded.ports import LOOPBACK
from runfolio.embedded.seaweedfs import BUCKET, REGION, SeaweedPorts
from runfolio.embedded.valkey import broker_url


def gateway_url(port: int) -> str:
    """Return the address of the stack's gateway."""
    return f"http://{LOOPBACK}:{port}"


def parts_environment(
    inherited: Mapping[str, str],
    data: DataDir,
    secrets: Secrets,
    *,
    port: int,
    valkey_port: int,
    seaweed: SeaweedPorts,
) -> dict[str, str]:
    """Make the environment that the parts read their settings from.

    Settings that the stack decides win over inherited ones, other ``RUNFOLIO_*`` settings pass through. The user's own
    AWS profile, endpoints and tokens are kept out, and so is a proxy on the way to this very machine.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    return (
        kept
        | _without_proxy(inherited)
        | {
            "AWS_ACCESS_KEY_ID": secrets.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": secrets.s3_secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "RUNFOLIO_BROKER_URL": broker_url(valkey_port, secrets.valkey_password),
            "RUNFOLIO_S3_ENDPOINT_URL": seaweed.endpoint_url,
            "RUNFOLIO_S3_PUBLIC_ENDPOINT_URL": seaweed.endpoint_url,
            "RUNFOLIO_S3_BUCKET": BUCKET,
            "RUNFOLIO_S3_REGION": REGION,
            "RUNFOLIO_HOST": LOOPBACK,
            "RUNFOLIO_PORT": str(port),
            "RUNFOLIO_PUBLIC_URL": gateway_url(port),
            "RUNFOLIO_TOKENS_FILE": str(data.tokens_file),
            "RUNFOLIO_LINK_SECRET": secrets.link_secret,
            "RUNFOLIO_CALLBACK_SECRET": secrets.callback_secret,
            "PYTHONUNBUFFERED": "1",
        }
    )


def _without_proxy(inherited: Mapping[str, str]) -> dict[str, str]:
    named = [inherited[name] for name in ("NO_PROXY", "no_proxy") if inherited.get(name)]
    hosts = ",".join([*named, LOOPBACK, "localhost"])
    return {"NO_PROXY": hosts, "no_proxy": hosts}
