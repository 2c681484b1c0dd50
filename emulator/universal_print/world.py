"""The tenant: users, groups, app registrations, printers and shares. Tests and seeds build it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.universal_print.clock import Clock
from emulator.universal_print.devices.device import Device
from emulator.universal_print.directory.published import LICENCES, UNIVERSAL_PRINT

PRINTER_ADMINISTRATOR = "Printer Administrator"
GLOBAL_ADMINISTRATOR = "Global Administrator"
_NAMES = uuid.UUID("6f0f5b52-9f0c-4c0e-8a55-3b6f7a0c1d11")


def stable_id(*parts: str) -> str:
    """A GUID that is the same in every run, so that a catalog outlives a restart."""
    return str(uuid.uuid5(_NAMES, "/".join(parts).lower()))


@dataclass(eq=False, slots=True)
class Group:
    """A group of users (Graph: group). `groups` are the ids of those that it is nested in."""

    id: str
    display_name: str
    groups: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class User:
    """A person or a print account. `roles` are names of directory roles. `password` is asked only by scripts."""

    id: str
    user_principal_name: str
    display_name: str
    roles: frozenset[str] = frozenset()
    groups: set[str] = field(default_factory=set)
    enabled: bool = True
    # Refresh tokens issued before this moment are dead (Graph: revokeSignInSessions).
    sign_in_valid_from: datetime | None = None
    # An access token outlives the revocation of the sign-in, unless this is set (continuous access evaluation).
    reject_access_tokens: bool = False
    needs_interaction: bool = False
    licences: frozenset[str] = frozenset({UNIVERSAL_PRINT})

    @property
    def is_printer_administrator(self) -> bool:
        """Whether a directory role lets the user administer printers."""
        return bool(self.roles & {PRINTER_ADMINISTRATOR, GLOBAL_ADMINISTRATOR})

    @property
    def has_universal_print(self) -> bool:
        """Whether one of the user's licences allows to print."""
        return any(LICENCES[name].has_universal_print for name in self.licences)


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """A foreign token that stands for the app (Entra: federated identity credential).

    `public_key` is PEM; None means that the emulator's own stand-in for managed identities signs.
    """

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"
    public_key: str | None = None
    name: str = ""


@dataclass(eq=False, slots=True)
class AppRegistration:
    """An app registration with the permissions that were consented to.

    `certificates` are PEM. `allow_public_client` is Entra's switch for sign-in without a credential. `asked` are the
    ids of the permissions that it says it needs, each with its kind; only what was consented to counts. Without a
    service principal nobody can sign in to it. `is_foreign` marks one of another tenant's, such as Microsoft's own.
    Until `known_from` and `principal_known_from` the directory answers as if it, or its service principal, were not
    there.
    """

    client_id: str
    display_name: str
    delegated: frozenset[str] = frozenset()
    application: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()
    allow_public_client: bool = False
    redirect_uris: tuple[str, ...] = ("http://localhost",)
    service_principal_id: str = ""
    principal_tags: tuple[str, ...] = ()
    object_id: str = ""
    asked: tuple[tuple[str, str], ...] = ()
    expiring_secrets: dict[str, datetime] = field(default_factory=dict)
    is_foreign: bool = False
    created: datetime | None = None
    known_from: datetime | None = None
    principal_known_from: datetime | None = None


@dataclass(eq=False, slots=True)
class Connector:
    """A connector, which stands for printers that cannot register themselves (Graph: printConnector)."""

    id: str
    display_name: str
    registered: datetime
    fully_qualified_domain_name: str = ""
    operating_system: str = "Windows Server 2022"
    app_version: str = "1.0.0.0"
    location: dict[str, Any] | None = None


@dataclass(eq=False, slots=True)
class Printer:
    """A registered printer with the device that it stands for (Graph: printer).

    `changed_defaults` are those of the device that an administrator changed.
    """

    id: str
    display_name: str
    device: Device
    registered: datetime
    has_physical_device: bool = True
    location: dict[str, Any] | None = None
    physical_device_id: str | None = None
    connector_id: str | None = None
    changed_defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """What holds where a job does not say, as Graph's printerDefaults."""
        defaults = self.device.defaults | self.changed_defaults
        return {name: value for name, value in defaults.items() if value is not None}


@dataclass(eq=False, slots=True)
class Share:
    """A printer share with its access list of user and group ids (Graph: printerShare)."""

    id: str
    display_name: str
    printer: Printer
    created: datetime
    allow_all_users: bool = False
    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def admits(self, user: User) -> bool:
        """Whether the user may print; `allowAllUsers` overrides both lists (Graph: printershare)."""
        return self.allow_all_users or user.id in self.users or bool(self.groups & user.groups)


class World:
    """One tenant. The `add_` methods return what they made; ids follow from names, so they survive a restart."""

    def __init__(self, tenant_id: str, display_name: str = "Contoso", clock: Clock | None = None) -> None:
        self.tenant_id = tenant_id
        self.display_name = display_name
        self.clock = clock or Clock()
        self.document_conversion_enabled = True
        self.incompatible_air_printers = "show"
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.apps: dict[str, AppRegistration] = {}
        self.printers: dict[str, Printer] = {}
        self.shares: dict[str, Share] = {}
        self.connectors: dict[str, Connector] = {}
        # How many of each licence there are, by part number.
        self.licences: dict[str, int] = {UNIVERSAL_PRINT: 25}

    def add_group(self, display_name: str) -> Group:
        """Add a group."""
        group = Group(stable_id(self.tenant_id, "group", display_name), display_name)
        self.groups[group.id] = group
        return group

    def add_user(
        self,
        user_principal_name: str,
        display_name: str = "",
        *,
        roles: Iterable[str] = (),
        groups: Iterable[Group] = (),
        licences: Iterable[str] = (UNIVERSAL_PRINT,),
    ) -> User:
        """Add a user."""
        user = User(
            stable_id(self.tenant_id, "user", user_principal_name),
            user_principal_name,
            display_name or user_principal_name.partition("@")[0],
            frozenset(roles),
            {group.id for group in groups},
            licences=frozenset(licences),
        )
        self.users[user.id] = user
        return user

    def add_app(self, app: AppRegistration) -> AppRegistration:
        """Add an app registration."""
        app.service_principal_id = app.service_principal_id or stable_id(app.client_id, "servicePrincipal")
        app.object_id = app.object_id or stable_id(app.client_id, "application")
        app.created = app.created or self.clock.now()
        self.apps[app.client_id] = app
        return app

    def add_printer(
        self, device: Device, *, has_physical_device: bool = True, location: dict[str, Any] | None = None
    ) -> Printer:
        """Register a device as a printer of the same name."""
        printer = Printer(
            stable_id(self.tenant_id, "printer", device.name),
            device.name,
            device,
            self.clock.now(),
            has_physical_device,
            location,
        )
        self.printers[printer.id] = printer
        return printer

    def add_share(
        self,
        printer: Printer,
        display_name: str = "",
        *,
        allow_all_users: bool = False,
        users: Iterable[User] = (),
        groups: Iterable[Group] = (),
    ) -> Share:
        """Share a printer. Raises ValueError where it is shared already: one share is all it may have."""
        if self.share_of(printer) is not None:
            raise ValueError(f"{printer.display_name} is shared already.")
        share = Share(
            stable_id(self.tenant_id, "share", display_name or printer.display_name),
            display_name or printer.display_name,
            printer,
            self.clock.now(),
            allow_all_users,
            {user.id for user in users},
            {group.id for group in groups},
        )
        self.shares[share.id] = share
        return share

    @property
    def domains(self) -> list[str]:
        """The tenant's verified domains: those of its users, in lower case, sorted."""
        return sorted({user.user_principal_name.partition("@")[2].lower() for user in self.users.values()})

    @property
    def has_universal_print(self) -> bool:
        """Whether the tenant has a licence that brings Universal Print."""
        return any(LICENCES[name].has_universal_print for name, units in self.licences.items() if units > 0)

    def share_of(self, printer: Printer) -> Share | None:
        """The printer's share, if it has one."""
        return next((share for share in self.shares.values() if share.printer is printer), None)

    def groups_of(self, user: User) -> set[str]:
        """The ids of the groups that the user is in, directly or through nested groups."""
        found: set[str] = set()
        left = set(user.groups)
        while left:
            found |= left
            left = {outer for group_id in left for outer in self.groups[group_id].groups} - found
        return found

    def user_named(self, name: str) -> User | None:
        """The user with that id or user principal name, in any case."""
        wanted = name.lower()
        return self.users.get(name) or next(
            (user for user in self.users.values() if user.user_principal_name.lower() == wanted), None
        )
