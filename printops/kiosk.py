"""`printops kiosk`: the devices at printers where people show badges."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from printops.common_options import SettingsFile
from printops.session import console, run
from shared.errors import SettingsError
from shared.kiosk.keeping import Kiosks, find_device, kiosk_id
from shared.kiosk.keys import KioskKeys
from shared.kiosk.records import secret_is_in_force
from shared.services import Services

app = typer.Typer(no_args_is_help=True, help="The devices at printers where people show badges.")

SECRET_BYTES = 32
KioskId = Annotated[str, typer.Argument(help="The kiosk's id, as `printops kiosk list` shows it.")]
Address = Annotated[
    str, typer.Option("--address", help="Public address of the app, where NOTIFICATION_URL is not set.")
]


def kiosk_keys(services: Services) -> KioskKeys:
    """The keys of the kiosks. Raises SettingsError where there is none."""
    if not services.settings.kiosk_keys:
        raise SettingsError(["KIOSK_KEY is missing: make one with `python -m printops key`."])
    return KioskKeys(services.settings.kiosk_keys)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people read at the kiosk, such as 'Floor 2, east'.")],
    printer: Annotated[str, typer.Option("--printer", help="The printer's id or display name in the catalog.")],
    identity: Annotated[str, typer.Option("--id", help="The kiosk's id; made of its name without this.")] = "",
    address: Address = "",
    settings_file: SettingsFile = None,
) -> None:
    """Add a kiosk. Its secret is shown once, in the address to open there."""

    async def work(services: Services) -> int:
        kiosks = _kiosks(services)
        device = find_device(await services.submissions.load_catalog(), printer)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        kiosk = await kiosks.add(identity or kiosk_id(name), name, device, secret)
        _tell(kiosk.id, secret, services, address)
        return 0

    run(work, settings_file)


@app.command("list")
def list_kiosks(settings_file: SettingsFile = None) -> None:
    """The kiosks with their printers."""

    async def work(services: Services) -> int:
        catalog = await services.submissions.load_catalog()
        table = Table("kiosk", Column("name", overflow="fold"), Column("printer", overflow="fold"), "state", "secrets")
        async for kiosk in _kiosks(services).list_all():
            printer = catalog.printer(kiosk.printer_id)
            shown = printer.display_name if printer else f"{kiosk.printer_id} (not in the catalog)"
            taken = sum(secret_is_in_force(secret, services.submissions.now()) for secret in kiosk.secrets)
            state = "on" if kiosk.enabled else "off"
            table.add_row(kiosk.id, kiosk.display_name, shown, state, "1" if taken == 1 else f"{taken}, one replaced")
        console.print(table)
        return 0

    run(work, settings_file)


@app.command("rotate")
def rotate(kiosk: KioskId, address: Address = "", settings_file: SettingsFile = None) -> None:
    """Give a kiosk another secret. The one before is taken for KIOSK_OVERLAP_SECONDS."""

    async def work(services: Services) -> int:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        changed = await _kiosks(services).rotate(kiosk, secret)
        _tell(changed.id, secret, services, address)
        return 0

    run(work, settings_file)


@app.command("disable")
def disable(kiosk: KioskId, settings_file: SettingsFile = None) -> None:
    """Refuse a kiosk, also with sessions that it has, until it is enabled."""
    _switch(kiosk, settings_file, enabled=False)


@app.command("enable")
def enable(kiosk: KioskId, settings_file: SettingsFile = None) -> None:
    """Let a kiosk in again."""
    _switch(kiosk, settings_file, enabled=True)


@app.command("remove")
def remove(kiosk: KioskId, settings_file: SettingsFile = None) -> None:
    """Remove a kiosk: its secrets and sessions end at once."""

    async def work(services: Services) -> int:
        await _kiosks(services).remove(kiosk)
        console.print(f"{kiosk} is removed", highlight=False, markup=False)
        return 0

    run(work, settings_file)


def _switch(kiosk: str, settings_file: Path | None, *, enabled: bool) -> None:
    async def work(services: Services) -> int:
        await _kiosks(services).switch(kiosk, enabled=enabled)
        console.print(f"{kiosk} is {'enabled' if enabled else 'disabled'}", highlight=False, markup=False)
        return 0

    run(work, settings_file)


def _kiosks(services: Services) -> Kiosks:
    settings, core = services.settings, services.submissions
    return Kiosks(core.state, kiosk_keys(services), core.now, settings.bounds.kiosk_overlap_seconds)


def _tell(identity: str, secret: str, services: Services, address: str) -> None:
    """The page's address with the secret in its fragment, which no server is ever sent."""
    base = (address or services.settings.notification_url or "").rstrip("/")
    typer.echo(f"{base}/api/kiosk#kiosk={identity}&secret={secret}")
    where = "Open this address" if base else "Put the app's address before this, and open it"
    typer.echo(f"{where} once in the kiosk's browser. It is shown only now: the app keeps no secret, only its hash.")
