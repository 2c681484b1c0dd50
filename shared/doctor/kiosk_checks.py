"""Whether each kiosk has a printer, and a secret that is in force."""

from __future__ import annotations

from datetime import datetime

from shared.catalog import Catalog
from shared.doctor.finding import Finding, failed, skipped, works
from shared.kiosk.records import KioskRecordUnreadable, decode_kiosk, secret_is_in_force
from shared.names import kiosk_path
from shared.storage.state import StateStore


async def check_kiosk(kiosk_id: str, state: StateStore, catalog: Catalog, now: datetime) -> Finding:
    """Look at its record, and for its printer in the catalog."""
    again = f"python -m printops kiosk remove {kiosk_id} && python -m printops kiosk add NAME --printer PRINTER"
    stored = await state.read(kiosk_path(kiosk_id))
    if stored is None:
        return skipped("it was removed meanwhile")
    try:
        kiosk = decode_kiosk(stored.content)
    except KioskRecordUnreadable as error:
        return failed(f"the record of the kiosk is broken: {error}", command=again, cause="kioskUnreadable")
    if not kiosk.enabled:
        return skipped(f"{kiosk.display_name} is switched off")
    printer = catalog.printer(kiosk.printer_id)
    if printer is None or printer.virtual:
        what = "is in no catalog any more" if printer is None else "is a virtual one, where no paper comes out"
        return failed(
            f"the printer of {kiosk.display_name} ({kiosk.printer_id}) {what}",
            portal="fleet.toml: name the printer",
            command=again,
            cause="kioskPrinterGone",
        )
    if not any(secret_is_in_force(secret, now) for secret in kiosk.secrets):
        return failed(
            f"{kiosk.display_name} has no secret that is in force",
            command=f"python -m printops kiosk rotate {kiosk_id}",
            cause="kioskSecretEnded",
        )
    return works(f"{kiosk.display_name} releases to {printer.display_name}")
