"""Builds a tenant from its JSON form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emulator.universal_print.devices.capabilities import MODELS
from emulator.universal_print.devices.device import Device
from emulator.universal_print.devices.deviceless import DevicelessPrinter
from emulator.universal_print.devices.ipp import IppPrinter
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.directory.published import LICENCES, UNIVERSAL_PRINT
from emulator.universal_print.tokens import managed_identity
from emulator.universal_print.world import AppRegistration, World


class SeedError(ValueError):
    """The seed is wrong; the message names the place."""


async def build_world(seed: Mapping[str, Any], paper: Path) -> World:
    """Make the tenant. Raises SeedError, and what a real printer raises that does not answer.

    A seed is an object with `tenant` (`id`, `displayName`, `licences`: how many of each part number), `apps`, `groups`
    (names), `users` and `printers`. An app has `clientId`, `displayName`, `delegated` and `application` (permissions),
    `secrets`, `certificates` (PEM), `allowPublicClient`, `redirectUris`, `trustsManagedIdentity`, `isForeign`; a user
    `userPrincipalName`, `displayName`, `roles`, `groups`, `licences`; a printer `name`, `model` (a key of MODELS) or
    `uri` (a real printer, `ipp://…`), `secondsPerPage`, `location`, and `share` (`name`, `allowAllUsers`, `users`,
    `groups`). Emulated devices print to `paper`; a printer with `virtual` true has none, and its jobs wait for an app
    to redirect them. `usageHistory` is for who runs the emulator: a past to invent (`plan_from_json`).
    """
    try:
        return await _build(seed, paper)
    except KeyError as error:
        raise SeedError(f"The seed lacks {error}, or names something that it does not define.") from error


async def close_world(world: World) -> None:
    """End the connections to real printers."""
    for printer in world.printers.values():
        if isinstance(printer.device, IppPrinter):
            await printer.device.close()


async def _build(seed: Mapping[str, Any], paper: Path) -> World:
    world = World(seed["tenant"]["id"], seed["tenant"].get("displayName", "Contoso"))
    world.licences = _known_licences(seed["tenant"].get("licences", world.licences))
    for app in seed["apps"]:
        _add_app(world, app)
    groups = {name: world.add_group(name) for name in seed.get("groups", ())}
    for user in seed["users"]:
        world.add_user(
            user["userPrincipalName"],
            user.get("displayName", ""),
            roles=user.get("roles", ()),
            groups=[groups[name] for name in user.get("groups", ())],
            licences=_known_licences(user.get("licences", (UNIVERSAL_PRINT,))),
        )
    users = {user.user_principal_name: user for user in world.users.values()}
    for entry in seed["printers"]:
        printer = world.add_printer(
            await _device(entry, paper),
            has_physical_device=not entry.get("virtual", False),
            location=entry.get("location"),
        )
        share = entry.get("share")
        if share is not None:
            world.add_share(
                printer,
                share.get("name", ""),
                allow_all_users=share.get("allowAllUsers", False),
                users=[users[name] for name in share.get("users", ())],
                groups=[groups[name] for name in share.get("groups", ())],
            )
    return world


def _add_app(world: World, app: Mapping[str, Any]) -> None:
    trusts = app.get("trustsManagedIdentity", False)
    world.add_app(
        AppRegistration(
            app["clientId"],
            app.get("displayName", "App"),
            frozenset(app.get("delegated", ())),
            frozenset(app.get("application", ())),
            tuple(app.get("secrets", ())),
            tuple(app.get("certificates", ())),
            (managed_identity.federated_credential(world.tenant_id),) if trusts else (),
            app.get("allowPublicClient", False),
            tuple(app.get("redirectUris", ("http://localhost",))),
            is_foreign=app.get("isForeign", False),
        )
    )


def _known_licences[Names: Iterable[str]](names: Names) -> Names:
    unknown = [name for name in names if name not in LICENCES]
    if unknown:
        raise SeedError(f"There is no licence {', '.join(unknown)}; there are: {', '.join(LICENCES)}.")
    return names


async def _device(entry: Mapping[str, Any], paper: Path) -> Device:
    if "uri" in entry:
        return await IppPrinter.open(entry["name"], entry["uri"])
    model = MODELS.get(entry["model"])
    if model is None:
        raise SeedError(f"There is no printer model {entry['model']!r}; there are: {', '.join(MODELS)}.")
    if entry.get("virtual", False):
        return DevicelessPrinter(entry["name"], model)
    return VirtualPrinter(entry["name"], model, paper, seconds_per_page=entry.get("secondsPerPage", 0.0))
