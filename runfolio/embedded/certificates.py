"""Certificates by which the parts of SeaweedFS know each other, and nobody else."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from runfolio.embedded.datadir import write_private
from runfolio.embedded.ports import LOOPBACK

_VALIDITY: Final = timedelta(days=3650)
_CLOCK_SKEW: Final = timedelta(days=1)


class TlsFiles(NamedTuple):
    """PEM files: the authority's certificate, and the one certificate that it has signed with its key."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> TlsFiles:
    """Make an authority and one certificate of it, for servers and clients alike, valid ten years.

    They are made anew at every start. The authority's key is never stored, so no further certificate can be signed.
    """
    files = TlsFiles(folder / "ca.crt", folder / "node.crt", folder / "node.key")
    authority_key = ec.generate_private_key(ec.SECP256R1())
    node_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    node = _node(node_key, authority, authority_key)
    write_private(files.authority, authority.public_bytes(serialization.Encoding.PEM))
    write_private(files.certificate, node.public_bytes(serialization.Encoding.PEM))
    write_private(
        files.key,
        node_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    return files


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Runfolio embedded storage")
    return (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _node(
    key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    address = x509.IPAddress(ipaddress.ip_address(LOOPBACK))
    return (
        _builder(_name("node"), authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALIDITY)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
