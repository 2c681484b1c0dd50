"""Registering printers: an operation that runs for a while, then has a printer and its certificate, or has failed.

Graph: printer-create, printoperation-get; the form of request and key is that of Microsoft's integration sample.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from emulator.universal_print.devices.deviceless import DevicelessPrinter
from emulator.universal_print.settings import Settings
from emulator.universal_print.world import Printer, World

RUNNING = "running"
SUCCEEDED = "succeeded"
FAILED = "failed"
_RUNS = "The operation is running."
_DONE = "The operation has completed successfully."
_SMALLEST_KEY_BITS = 2048
_CERTIFICATE_LIFETIME = timedelta(days=10 * 365)


class RegistrationError(Exception):
    """The printer cannot be registered; the message says why."""


@dataclass(frozen=True, slots=True)
class PrinterRequest:
    """What a printer registers with. `signing_request` is PKCS #10 and `transport_key` a public key, both base64."""

    display_name: str
    manufacturer: str
    model: str
    signing_request: str
    transport_key: str
    has_physical_device: bool = True
    physical_device_id: str | None = None
    connector_id: str | None = None


@dataclass(eq=False, slots=True)
class Registration:
    """A printerCreateOperation. `certificate` is base64 of DER, without header and footer lines."""

    id: str
    request: PrinterRequest
    created: datetime
    due: datetime
    state: str = RUNNING
    description: str = _RUNS
    certificate: str | None = None
    printer: Printer | None = None


class Registrations:
    """All registrations of the tenant; `settle` lets those end whose time has come."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._known: dict[str, Registration] = {}

    def begin(self, request: PrinterRequest, now: datetime) -> Registration:
        """Take a request; what is wrong with its key or its signature shows when the operation ends."""
        registration = Registration(str(uuid.uuid4()), request, now, now + self._settings.registration_time)
        self._known[registration.id] = registration
        return registration

    def find(self, registration_id: str) -> Registration | None:
        """The registration with that id."""
        return self._known.get(registration_id)

    def is_taken(self, physical_device_id: str) -> bool:
        """Whether a printer has that device, or a registration under way wants it."""
        wanted = physical_device_id.lower()
        waiting = [one.request.physical_device_id for one in self._known.values() if one.state == RUNNING]
        known = [printer.physical_device_id for printer in self._world.printers.values()]
        return any(other is not None and other.lower() == wanted for other in (*waiting, *known))

    def settle(self, now: datetime) -> None:
        """End the registrations that have run for long enough."""
        for registration in self._known.values():
            if registration.state == RUNNING and registration.due <= now:
                self._end(registration, now)

    def _end(self, registration: Registration, now: datetime) -> None:
        request = registration.request
        printer_id = str(uuid.uuid4())
        try:
            check_transport_key(request.transport_key)
            registration.certificate = device_certificate(request.signing_request, printer_id, now)
        except RegistrationError as error:
            registration.state, registration.description = FAILED, str(error)
            return
        device = DevicelessPrinter.unheard_of(request.display_name, request.manufacturer, request.model)
        registration.printer = Printer(
            printer_id,
            request.display_name,
            device,
            now,
            request.has_physical_device,
            physical_device_id=request.physical_device_id,
            connector_id=request.connector_id,
        )
        self._world.printers[printer_id] = registration.printer
        registration.state, registration.description = SUCCEEDED, _DONE


def check_transport_key(content: str) -> None:
    """Raises RegistrationError unless it is a public RSA key (SubjectPublicKeyInfo) of a size that is still safe."""
    try:
        key = load_der_public_key(_der(content, "transportKey"))
    except (ValueError, UnsupportedAlgorithm):
        raise RegistrationError("The transportKey is not a public key in base64.") from None
    _check_key(key, "transportKey")


def device_certificate(signing_request: str, printer_id: str, now: datetime) -> str:
    """A certificate for the request's key, base64 of DER. Raises RegistrationError."""
    try:
        request = x509.load_der_x509_csr(_der(signing_request, "certificate signing request"))
        key = request.public_key()
        valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise RegistrationError("The certificate signing request is not PKCS #10 in base64.") from None
    if not valid:
        raise RegistrationError("The signature of the certificate signing request is wrong.")
    _check_key(key, "certificate signing request")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, printer_id)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Universal Print Emulator")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _CERTIFICATE_LIFETIME)
        .sign(_issuer_key(), hashes.SHA256())
    )
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _der(content: str, what: str) -> bytes:
    if "-----" in content:
        raise RegistrationError(f"The {what} must come without the header and footer lines of PEM.")
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise RegistrationError(f"The {what} is not base64.") from None


def _check_key(key: object, what: str) -> None:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SMALLEST_KEY_BITS:
        raise RegistrationError(f"The key of the {what} must be RSA of at least {_SMALLEST_KEY_BITS} bits.")


@cache
def _issuer_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
