"""`printops login`: signs a print account in, so that documents can be printed through it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from printops.common_options import Browser, SettingsFile
from printops.session import console, ensure_state_container, errors, run
from shared.accounts.sign_in import WrongUser, by_browser, by_device_code, sign_in
from shared.accounts.token_cache import TokenCacheStore
from shared.sealing import Sealer
from shared.services import Services

WRONG_USER = 3


def login(
    account: Annotated[str, typer.Argument(help="User name of the print account, such as print1@contoso.com.")],
    browser: Browser = False,
    settings_file: SettingsFile = None,
) -> None:
    """Sign a print account in and store its sign-in, encrypted, for the functions.

    Documents that wait for a lapsed account go on by themselves. Exit codes: 0 signed in; 1 nobody signed in; 2 the
    arguments need attention; 3 somebody else signed in.
    """
    name = account.strip().lower()

    async def work(services: Services) -> int:
        known = (*services.settings.print_accounts, services.settings.reports_account)
        if name not in known:
            raise typer.BadParameter(
                f"{account} is not in PRINT_ACCOUNTS. Add it there, or name one of {', '.join(dict.fromkeys(known))}."
            )
        await ensure_state_container(services)
        try:
            await sign_in(
                name,
                services.settings,
                TokenCacheStore(services.storage.state, Sealer(services.settings.token_cache_keys), _now),
                by_browser(name, typer.echo) if browser else by_device_code(typer.echo),
                services.pool.mark_signed_in,
            )
        except WrongUser as error:
            errors.print(str(error), style="red", highlight=False, markup=False)
            return WRONG_USER
        told = f"{name} is signed in. Its sign-in is stored encrypted, and documents that waited for it go on."
        console.print(told, style="green", highlight=False, markup=False)
        return 0

    run(work, settings_file)


def _now() -> datetime:
    return datetime.now(UTC)
