from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from producer.contract.errors import Unavailable
from runfolio.embedded import seaweedfs
from runfolio.embedded.certificates import TlsFiles, make_certificates
from runfolio.embedded.datadir import DataDir
from runfolio.embedded.keys import Secrets
from runfolio.embedded.ports import PortPair
from runfolio.embedded.seaweedfs import SeaweedPorts, remove_sockets, seaweedfs_child, security_toml

SECRETS = Secrets("access", "secret", "password", "link", "callback")
PORTS = SeaweedPorts(*(PortPair(number, number + 10_000) for number in range(12_000, 12_005)))


def prepared(path: Path) -> DataDir:
    data = DataDir(path)
    data.prepare()
    return data


def test_every_listener_is_given_its_port_and_closed_to_strangers(tmp_path: Path) -> None:
    child = seaweedfs_child(prepared(tmp_path / "data"), PORTS, SECRETS)
    assert {"-master.port=12000", "-volume.port.grpc=22001", "-s3.port=12003", "-admin.port.grpc=22004"} < set(
        child.argv
    )
    assert {"-disableHttp", "-webdav=false", "-admin.ui=false", "-master.telemetry=false"} < set(child.argv)
    assert {"-s3.port.iceberg=0", "-s3.port.lance=0", "-ip.bind=127.0.0.1", "-bucket=runfolio"} < set(child.argv)


def test_its_environment_holds_its_credentials_and_nothing_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEED_JWT_SIGNING_KEY", "of another installation")
    data = prepared(tmp_path / "data")
    environment = dict(seaweedfs_child(data, PORTS, SECRETS).env)
    assert environment.pop("PATH")
    assert environment == {
        "HOME": str(data.s3),
        "AWS_ACCESS_KEY_ID": "access",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


def test_the_state_of_former_ports_is_removed_and_the_data_stays(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data")
    for name in ("m9333", "metadata", "filerldb2"):
        (data.s3 / name).mkdir()
    (data.s3 / "mini.options").write_text("disableHttp=false")
    seaweedfs_child(data, PORTS, SECRETS)
    assert {path.name for path in data.s3.iterdir()} == {"metadata", "filerldb2", "security.toml"}


def test_the_security_configuration_is_valid_for_any_path() -> None:
    folder = Path('/a "quoted" \\ folder')
    read = tomllib.loads(security_toml(TlsFiles(folder / "ca.crt", folder / "node.crt", folder / "node.key")))
    assert read["grpc"]["ca"] == read["https"]["volume"]["ca"] == str(folder / "ca.crt")
    for server in ("master", "volume", "filer", "admin"):
        assert read["grpc"][server] == {"cert": str(folder / "node.crt"), "key": str(folder / "node.key")}
        assert read["https"][server]["ca"] == str(folder / "ca.crt")
    assert read["https"]["client"]["enabled"] is True


def test_the_certificate_is_signed_by_an_authority_whose_key_is_nowhere(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    node = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    node.verify_directly_issued_by(authority)
    assert node.public_key() != authority.public_key()
    assert {path.name for path in tmp_path.iterdir()} == {"ca.crt", "node.crt", "node.key"}
    assert files.key.stat().st_mode & 0o077 == 0


def test_removing_sockets_that_are_not_there_is_no_error() -> None:
    remove_sockets(PORTS)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="The program 'weed'"):
        seaweedfs.weed_binary()
