"""Certificates of clusters (X.509 v3, RFC 5280; ECDSA P-256), made with `cryptography`."""

from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from oci.ports import Issued, OutsideError

EARLY_DAYS = 1  # a machine whose clock is somewhat behind takes it all the same
LONGEST_NAME = 64  # ub-common-name: RFC 5280, appendix A.1
Key = ec.EllipticCurvePrivateKey


def _pem(key: Key) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:LONGEST_NAME])])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, now: float, days: int) -> x509.CertificateBuilder:
    at = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - datetime.timedelta(days=EARLY_DAYS))
        .not_valid_after(at + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _authority(text: str, now: float, days: int, depth: int, by: tuple[x509.Name, Key] | None = None) -> tuple[Issued, Key]:
    """A CA below which there are at most `depth` others, signed by that of `by`, or by itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _name(text)
    issuer, signer = by or (name, key)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _builder(name, issuer, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Issued(certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key)), key


class X509Issuer:
    """Fulfils Issuer."""

    def authority(self, name: str, now: float, days: int) -> tuple[Issued, Issued]:
        """A root called `name`, and an intermediate that it signed, each good for `days` from `now` on."""
        root, key = _authority(f"{name} root", now, days, 1)
        subject = x509.load_pem_x509_certificate(root.pem.encode()).subject
        return root, _authority(f"{name} intermediate", now, days, 0, (subject, key))[0]

    def issue(self, by: Issued, names: tuple[str, ...], now: float, days: int) -> Issued:
        """A certificate for `names` (DNS names and addresses, the first is its subject), for servers and clients alike,
        with that of `by` behind it. Raises OutsideError when that cannot be read, or a name cannot be written."""
        try:
            ca = x509.load_pem_x509_certificate(by.pem.encode())
            signer = serialization.load_pem_private_key(by.key.encode(), None)
            assert isinstance(signer, Key)
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = (
                _builder(_name(names[0]), ca.subject, key, now, days)
                .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
                .add_extension(
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                    critical=False,
                )
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
                .sign(signer, hashes.SHA256())
            )
        except ValueError as error:
            raise OutsideError(
                f"no certificate can be made for {names[0]}",
                str(error) or type(error).__name__,
                "Look at the machine's names and addresses; restore the cluster's CA from a backup if it is damaged",
            ) from None
        leaf = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return Issued(leaf + by.pem, _pem(key))
