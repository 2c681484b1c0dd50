"""What a printer registers with: a request for a certificate, and a transport key (Graph: printer-create)."""

from __future__ import annotations

import base64
import re

KEY_BITS = 2048
# X.520: how long a common name may be; `cryptography` counts it in UTF-8.
_COMMON_NAME_BYTES = 64
_OPERATION = re.compile(r".*/print/operations/([^/?#]+)/?")


def certificate_signing_request(display_name: str) -> dict[str, str]:
    """A printCertificateSigningRequest of two new keys. Takes tenths of a second.

    Both members are base64 of DER, which is PEM without its header and footer lines (S2S sample). The private keys
    are dropped: only a device that fetches jobs itself would sign with them, and a printer without one never does.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509.oid import NameOID

    common_name = display_name.encode()[:_COMMON_NAME_BYTES].decode(errors="ignore")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signing_key = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(signing_key, hashes.SHA256())
    transport_key = generate_private_key(public_exponent=65537, key_size=KEY_BITS).public_key()
    public = transport_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "content": base64.b64encode(request.public_bytes(Encoding.DER)).decode(),
        "transportKey": base64.b64encode(public).decode(),
    }


def operation_id(location: str | None) -> str | None:
    """The id of the operation in an Operation-Location header (Graph: printer-create), None where it has none."""
    found = _OPERATION.fullmatch(location or "")
    return found[1] if found else None
