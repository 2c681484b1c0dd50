"""The emulator's own certificate authority, kept in its directory so that a restart keeps the trust."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


def certificate_authority(directory: Path) -> trustme.CA:
    """The authority of the directory, made on first use. Its certificate is `ca.pem`, its key `ca-key.pem`."""
    certificate, key = directory / "ca.pem", directory / "ca-key.pem"
    if certificate.is_file() and key.is_file():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Universal Print emulator")
    key.touch(mode=0o600)
    authority.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(certificate))
    return authority


def server_context(directory: Path) -> ssl.SSLContext:
    """A TLS context of a server on this machine, signed by the directory's authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    certificate_authority(directory).issue_cert(*NAMES).configure_cert(context)
    return context
