"""The appliance's own CA and its HTTPS certificate (X.509 v3, RFC 5280; ECDSA P-256)."""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS, SERVER_DAYS = 3650, 825
RENEW_DAYS = 90
# Machines may start with a clock that is somewhat behind; a certificate must not be "not yet valid" for them.
EARLY_DAYS = 30


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write `data` so that a crash leaves the old file or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _builder(subject: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=EARLY_DAYS))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def make_ca(directory: Path) -> None:
    """Make the CA (ca.pem, ca.key 0600) in `directory`, unless it is there."""
    if (directory / "ca.pem").exists():
        return
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCI appliance CA")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _builder("OCI appliance CA", issuer, key, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(directory / "ca.key", _key_bytes(key), 0o600)
    _write(directory / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(path: Path) -> set[str]:
    """The names that the certificate in `path` is for."""
    found = (
        x509.load_pem_x509_certificate(path.read_bytes())
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    return {str(one.value) for one in found}


def expiry(path: Path) -> float:
    """When the certificate in `path` expires, in seconds since the epoch. Raises OSError, ValueError."""
    # not_valid_after is in UTC and does not say so; its successor that does is not in Debian 12.
    found = x509.load_pem_x509_certificate(path.read_bytes())
    after = (
        found.not_valid_after_utc
        if hasattr(found, "not_valid_after_utc")
        else found.not_valid_after.replace(tzinfo=datetime.UTC)
    )
    return after.timestamp()


def keep_server(directory: Path, name: str, names: list[str]) -> bool:
    """Make NAME.pem and NAME.key, unless they are there, for these names, and good for RENEW_DAYS; True when made."""
    path = directory / f"{name}.pem"
    try:
        left = expiry(path) - datetime.datetime.now(datetime.UTC).timestamp()
        if (directory / f"{name}.key").exists() and _names(path) == set(names) and left > RENEW_DAYS * 86400:
            return False
    except (OSError, ValueError, x509.ExtensionNotFound):
        pass
    make_server(directory, names, name)
    return True


def make_server(directory: Path, names: list[str], name: str = "server") -> None:
    """Make NAME.pem and NAME.key (0600) for `names` (addresses or DNS names), signed by the CA there."""
    ca_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    ca = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], ca.subject, key, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write(directory / f"{name}.key", _key_bytes(key), 0o600)
    _write(directory / f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
