"""Who calls, by the token, and whether the operation is open to that kind of caller."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.universal_print.graph.errors import GraphError
from emulator.universal_print.graph.operation import Operation
from emulator.universal_print.tokens import signing
from emulator.universal_print.world import GLOBAL_ADMINISTRATOR, AppRegistration, User, World

_GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
_REVOKED = (
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The bearer of a token that ends at `until`: an app, and the signed-in user unless the app acts on its own."""

    app: AppRegistration
    user: User | None
    permissions: frozenset[str]
    until: datetime

    @property
    def account(self) -> str:
        """The user principal name, or the app's id: what the request log shows."""
        return self.user.user_principal_name if self.user else self.app.client_id

    @property
    def is_administrator(self) -> bool:
        """Whether a user who administers printers is signed in."""
        return self.user is not None and self.user.is_printer_administrator

    def signed_in(self) -> User:
        """The user of an operation that takes delegated tokens only."""
        if self.user is None:
            raise _wrong_kind("delegated")
        return self.user


def identify(world: World, authorization: str | None) -> Caller:
    """Who bears the token. Raises GraphError 401."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthenticated(world, "Access token is empty.")
    now = world.clock.now()
    try:
        claims = signing.verify(token.strip(), now)
    except signing.InvalidTokenError as error:
        raise _unauthenticated(world, str(error)) from None
    app = world.apps.get(claims.get("appid", ""))
    if app is None or claims.get("tid") != world.tenant_id:
        raise _unauthenticated(world, "Access token validation failure. The app or tenant is not known.")
    until = datetime.fromtimestamp(claims["exp"], UTC)
    if claims.get("idtyp") == "app":
        return Caller(app, None, frozenset(claims.get("roles") or []), until)
    user = world.users.get(claims.get("oid", ""))
    if user is None or not user.enabled:
        raise _unauthenticated(world, "The user account is disabled or was deleted.")
    revoked = user.sign_in_valid_from
    if user.reject_access_tokens and revoked is not None and claims["emulator_issued"] < revoked.timestamp():
        raise _unauthenticated(world, _REVOKED, valid_from=revoked)
    return Caller(app, user, frozenset(str(claims.get("scp", "")).split()), until)


def authorize(caller: Caller, operation: Operation) -> None:
    """Raises GraphError 403 unless the token's kind, permissions and user suffice."""
    if caller.user is not None:
        wanted, also, kind = operation.delegated, operation.delegated_also, "application"
    else:
        wanted, also, kind = operation.application, operation.application_also, "delegated"
    if not wanted:
        raise _wrong_kind(kind)
    if not caller.permissions & set(wanted) or (also and not caller.permissions & set(also)):
        raise _missing_scope(operation)
    if operation.administrator and caller.user is not None:
        require_printer_administrator(caller)


def require_printer_administrator(caller: Caller) -> None:
    """Raises GraphError 403 for any other user."""
    if not caller.is_administrator:
        raise GraphError(403, "accessDenied", "The signed-in user must be a Printer Administrator.")


def require_role(caller: Caller, *roles: str) -> None:
    """Raises GraphError 403 for a user who has none of those directory roles; apps go by their permissions alone."""
    if caller.user is not None and not caller.user.roles & {*roles, GLOBAL_ADMINISTRATOR}:
        raise insufficient_privileges()


def insufficient_privileges() -> GraphError:
    """The directory's own refusal (Graph: json-batching)."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _missing_scope(operation: Operation) -> GraphError:
    if operation.is_of_directory:
        return insufficient_privileges()
    words = "The token does not have one or more required security scopes."
    if operation.answers == "uploadSession":
        # As people have met it, with the quotation marks (microsoft-graph-docs-contrib, issue 4337).
        return GraphError(403, "UnknownError", f'"{words}"')
    return GraphError(403, "accessDenied", words)


def _wrong_kind(needed: str) -> GraphError:
    return GraphError(
        403, "accessDenied", f"This operation is only available with {needed} permissions.", inner_code="notSupported"
    )


def _unauthenticated(world: World, message: str, *, valid_from: datetime | None = None) -> GraphError:
    challenge = (
        f'Bearer realm="", authorization_uri="https://login.microsoftonline.com/{world.tenant_id}/oauth2/authorize", '
        f'client_id="{_GRAPH_APP_ID}"'
    )
    if valid_from is not None:
        # Entra: claims challenge. What a client may pass on to the authority to get a newer token.
        wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(valid_from.timestamp()))}}}
        claims = base64.b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()
        challenge += f', error="insufficient_claims", claims="{claims}"'
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})
