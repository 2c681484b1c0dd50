"""`printops share swap`: puts another device behind a share, once it is known to do what is asked of it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from printops.administrator import Administered, Session, administered
from printops.common_options import Json
from printops.named import find_printer, find_share
from printops.session import console, errors
from shared.catalog import Catalog, Share, parse_catalog
from shared.errors import PrintFunctionsError, StorageConflict
from shared.graph.printer_changes import ChangeRefused
from shared.names import CATALOG_PATH
from shared.replacement import Comparison, compare, with_printer

_ATTEMPTS = 3
_WANTED = ("id", "displayName", "status", "isAcceptingJobs", "hasPhysicalDevice", "capabilities")


class CannotReplace(PrintFunctionsError):
    """The printer lacks what is asked of it. Nothing was changed; the message names all of it."""


@administered
def swap_share(
    name: Annotated[str, typer.Argument(metavar="SHARE", help="The share's name or id.")],
    to: Annotated[str, typer.Option("--to", metavar="PRINTER", help="The new printer's name or id.")],
    force: Annotated[bool, typer.Option("--force", help="Although it lacks something.")] = False,
    as_json: Json = False,
) -> Administered:
    """Put another printer behind a share. People notice nothing: they keep the share.

    Refuses where the new printer cannot do what the share's profile and the policies ask, and lists what it cannot.
    Publishes the share's new printer and capabilities in catalog.json.
    """

    async def work(session: Session) -> int:
        share = await find_share(session.admin, name, with_printer=True)
        printer = await find_printer(session.admin, to, _WANTED, with_shares=True)
        share_id, label = str(share["id"]), f"{printer['displayName']} behind {share['displayName']}"
        before = share.get("printer") or {}
        for other in printer.get("shares") or ():
            if str(other["id"]).lower() != share_id.lower():
                raise ChangeRefused(
                    f"{printer['displayName']} is shared as {other['displayName']}, and a printer has one share at "
                    "most: delete that share first."
                )
        catalog = await _catalog(session)
        listed = catalog.find(share_id) if catalog else None
        found = compare(catalog, listed, printer) if catalog and listed else Comparison((), ())
        _tell(found, as_json=as_json)
        if found.lacks and not force:
            raise CannotReplace(f"Nothing was changed: {label} would lack the above. --force does it all the same.")
        await session.admin.swap_printer(share_id, str(printer["id"]))
        published = await _publish(session, share_id, dict(printer))
        if as_json:
            shown = {"share": share_id, "printer": printer["id"], "before": before.get("id"), "published": published}
            typer.echo(json.dumps({**shown, "lacks": found.lacks, "notes": found.notes}, ensure_ascii=False))
            return 0
        told = "catalog.json says so" if published else "the share is not in catalog.json, so nothing was published"
        console.print(f"{label}, in place of {before.get('displayName')}; {told}", highlight=False, markup=False)
        console.print(
            "Where fleet.toml names the share, name the new printer there too: the next apply goes by that.",
            highlight=False,
        )
        return 0

    return Administered(("update share", "get printer"), work)


def _tell(found: Comparison, *, as_json: bool) -> None:
    if not as_json:
        for lack in found.lacks:
            errors.print(lack, style="red", highlight=False, markup=False)
        for note in found.notes:
            errors.print(note, highlight=False, markup=False)


async def _catalog(session: Session) -> Catalog | None:
    stored = await session.services.storage.state.read(CATALOG_PATH)
    return parse_catalog(stored.content) if stored else None


async def _publish(session: Session, share_id: str, printer: dict[str, Any]) -> bool:
    """Write the share's new printer and capabilities into the catalog as it is now. Raises StorageConflict."""
    state = session.services.storage.state
    for _ in range(_ATTEMPTS):
        stored = await state.read(CATALOG_PATH)
        share: Share | None = parse_catalog(stored.content).find(share_id) if stored else None
        if stored is None or share is None:
            return False
        document = with_printer(json.loads(stored.content), share, printer, session.services.submissions.now())
        try:
            await state.replace(CATALOG_PATH, json.dumps(document, ensure_ascii=False, indent=1).encode(), stored.etag)
        except StorageConflict:
            continue
        return True
    raise StorageConflict("The share is swapped, but others keep changing catalog.json: run the command again.")
