"""Whether an app is who it says: secret, certificate or federated assertion."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from emulator.universal_print.tokens import signing
from emulator.universal_print.tokens.errors import TokenError, missing_parameter
from emulator.universal_print.world import AppRegistration

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def authenticate(app: AppRegistration, form: Mapping[str, str], token_urls: list[str], now: datetime) -> bool:
    """True when the app proved itself, False when it offered nothing. Raises TokenError for a wrong proof.

    `token_urls` are the addresses that a certificate assertion may name as its audience.
    """
    if "client_secret" in form:
        secret = form["client_secret"]
        if any(hmac.compare_digest(secret, own) for own in app.secrets):
            return True
        expires = next((end for own, end in app.expiring_secrets.items() if hmac.compare_digest(secret, own)), None)
        if expires is not None and expires > now:
            return True
        if expires is not None:
            raise TokenError("invalid_client", 7000222, "The provided client secret keys are expired.", status=401)
        raise TokenError("invalid_client", 7000215, "Invalid client secret provided.", status=401)
    if "client_assertion" not in form:
        return False
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise missing_parameter("client_assertion_type")
    _check_assertion(app, form["client_assertion"], token_urls, now)
    return True


def require_credential(app: AppRegistration, form: Mapping[str, str], token_urls: list[str], now: datetime) -> None:
    """As authenticate, but a proof there must be. Raises TokenError."""
    if not authenticate(app, form, token_urls, now):
        raise TokenError(
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            status=401,
        )


def _check_assertion(app: AppRegistration, assertion: str, token_urls: list[str], now: datetime) -> None:
    try:
        header = jwt.get_unverified_header(assertion)
        claims: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise TokenError("invalid_request", 50027, "JWT token is invalid or malformed.") from None
    if claims.get("iss") == app.client_id:
        _check_certificate(app, assertion, header, token_urls)
    else:
        _check_federated(app, assertion, claims)
    if claims.get("exp", 0) <= now.timestamp() or claims.get("nbf", 0) > now.timestamp() + 300:
        raise TokenError("invalid_client", 700024, "Client assertion is not within its valid time range.", status=401)


def _check_certificate(app: AppRegistration, assertion: str, header: Mapping[str, Any], token_urls: list[str]) -> None:
    for pem in app.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        named = {
            "x5t": _digest(certificate, hashes.SHA1()),  # noqa: S303 - the header's definition
            "x5t#S256": _digest(certificate, hashes.SHA256()),
        }
        if not any(str(header.get(name, "")).rstrip("=") == value for name, value in named.items()):
            continue
        try:
            claims = jwt.decode(
                assertion,
                certificate.public_key(),  # type: ignore[arg-type] # algorithms below take no other key
                algorithms=["RS256", "PS256"],
                audience=token_urls,
                options={
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "require": ["exp", "jti", "sub"],
                },
            )
        except jwt.InvalidAudienceError:
            raise TokenError(
                "invalid_client", 700023, "Client assertion audience claim does not match.", status=401
            ) from None
        except jwt.InvalidTokenError as error:
            raise _signature_failed(str(error)) from None
        if claims["sub"] != app.client_id:
            raise TokenError(
                "invalid_client", 700021, "Client assertion application identifier doesn't match.", status=401
            )
        return
    raise _signature_failed("The key was not found.")


def _check_federated(app: AppRegistration, assertion: str, claims: Mapping[str, Any]) -> None:
    for credential in app.federated:
        audiences = claims.get("aud")
        named = audiences if isinstance(audiences, list) else [audiences]
        if (claims.get("iss"), claims.get("sub")) != (credential.issuer, credential.subject):
            continue
        if credential.audience not in named:
            continue
        try:
            if credential.public_key is None:
                signing.decode(assertion)
            else:
                jwt.decode(
                    assertion,
                    credential.public_key,
                    algorithms=["RS256"],
                    options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
                )
        except (jwt.InvalidTokenError, signing.InvalidTokenError) as error:
            raise _signature_failed(str(error)) from None
        return
    raise TokenError(
        "invalid_client",
        70021,
        "No matching federated identity record found for presented assertion. Assertion Issuer: "
        f"'{claims.get('iss')}'. Assertion Subject: '{claims.get('sub')}'. Assertion Audience: '{claims.get('aud')}'.",
        status=401,
    )


def _signature_failed(reason: str) -> TokenError:
    return TokenError("invalid_client", 700027, f"Client assertion failed signature validation. {reason}", status=401)


def _digest(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).rstrip(b"=").decode()
