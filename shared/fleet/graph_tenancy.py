"""A tenant over Graph and storage: reads what the file speaks of, and does the steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from shared.errors import PrintFunctionsError, StorageConflict
from shared.fleet.catalog_document import encode_catalog
from shared.fleet.ports import Administrator, AppSide, Object
from shared.fleet.registering import Registrar
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant_reading import TenantReader
from shared.names import CATALOG_PATH
from shared.storage.state import StateStore, replace_once
from shared.times import timestamp


class CatalogConflict(PrintFunctionsError):
    """Somebody else published a catalog at the same time."""


class GraphTenancy(TenantReader):
    """See Tenancy. `now` and `sleep` are the clock's."""

    def __init__(
        self,
        administrator: Administrator,
        app: AppSide,
        state: StateStore,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        super().__init__(administrator, app, state)
        self._now = now
        self._registrar = Registrar(administrator, state, now=now, sleep=sleep)

    async def do(self, step: Step) -> str | None:
        """Do it; the id of what it made."""
        admin, body = self._administrator, dict(step.body or {})
        match step.kind:
            case Kind.CHANGE_SETTINGS:
                await admin.update_settings(body)
            case Kind.CREATE_DEFINITION:
                return str((await self._app.create_task_definition(body))["id"])
            case Kind.CREATE_PRINTER:
                return await self._registrar.register(body)
            case Kind.UPDATE_PRINTER:
                await admin.update_printer(_id(step.printer_id), body)
            case Kind.SEND_ATTRIBUTES if step.attributes is not None:
                await self._app.send_attributes(_id(step.printer_id), step.attributes.body)
            case Kind.UPDATE_VIRTUAL:
                await self._app.update_virtual_printer(_id(step.printer_id), body)
            case Kind.CREATE_TRIGGER:
                return str((await admin.create_task_trigger(_id(step.printer_id), _id(step.other_id)))["id"])
            case Kind.DELETE_TRIGGER:
                await admin.delete_task_trigger(_id(step.printer_id), _id(step.other_id))
            case Kind.DELETE_PRINTER:
                await admin.delete_printer(_id(step.printer_id))
            case Kind.PUBLISH:
                await self._publish(body)
            case _:
                return await self._change_share(step, body)
        return None

    async def _change_share(self, step: Step, body: dict[str, Any]) -> str | None:
        admin = self._administrator
        match step.kind:
            case Kind.CREATE_SHARE:
                everyone = body["allowAllUsers"] is True
                made = await admin.create_share(_id(step.printer_id), body["displayName"], everyone)
                return str(made["id"])
            case Kind.UPDATE_SHARE | Kind.CHANGE_EVERYONE:
                await admin.update_share(_id(step.share_id), body)
            case Kind.SWAP_PRINTER:
                await admin.swap_printer(_id(step.share_id), _id(step.printer_id))
            case Kind.DELETE_SHARE:
                await admin.delete_share(_id(step.share_id))
            case Kind.ADD_USER:
                await admin.add_allowed_user(_id(step.share_id), _id(step.other_id))
            case Kind.REMOVE_USER:
                await admin.remove_allowed_user(_id(step.share_id), _id(step.other_id))
            case Kind.ADD_GROUP:
                await admin.add_allowed_group(_id(step.share_id), _id(step.other_id))
            case _:
                await admin.remove_allowed_group(_id(step.share_id), _id(step.other_id))
        return None

    async def _publish(self, document: Object) -> None:
        content = encode_catalog(document, timestamp(self._now()))
        stored = await self._state.read(CATALOG_PATH)
        try:
            if stored is None:
                await self._state.create(CATALOG_PATH, content)
            else:
                await replace_once(self._state, CATALOG_PATH, content, stored.etag)
        except StorageConflict as error:
            raise CatalogConflict("Somebody else published a catalog at the same time. Apply again.") from error


def _id(value: str | None) -> str:
    if value is None:
        raise PrintFunctionsError("A step needs what a step before it did not make. Apply again.")
    return value
