"""Whether each print account is signed in, has what it needs, and may really print; nothing comes out of a printer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from shared.accounts.authority import PERMISSIONS
from shared.accounts.pool import AccountStatus
from shared.bounds import DAY
from shared.catalog import Share
from shared.doctor.application_checks import compare_tenant
from shared.doctor.asked import Asked, Explanation
from shared.doctor.claims import delegated_permissions, read_claims
from shared.doctor.explain import explain
from shared.doctor.finding import Finding, failed, warning, works
from shared.doctor.graph_errors import missing_permission, not_accepting
from shared.errors import GraphConflict, GraphError, PrintFunctionsError, StorageConflict
from shared.graph.print_client import JobView
from shared.names import job_owner_path
from shared.permissions import Kind
from shared.settings import Settings
from shared.storage.state import StateStore
from shared.upload.session import UploadSession

# Upkeep refreshes a sign-in far more often than this while the app runs.
STALE_SECONDS = 2.0 * DAY
_TRIAL_BYTES = 1024
PDF = "application/pdf"
# Graph: printerProcessingState.
STOPPED = "stopped"


class AccountTokens(Protocol):
    """Tokens of print accounts; see `shared.accounts.tokens`."""

    async def access_token(self, user_principal_name: str) -> str:
        """A token that is valid now."""
        ...

    async def keep_alive(self, user_principal_name: str) -> None:
        """Use the refresh token."""
        ...


class Printing(Protocol):
    """What a trial asks of Graph as a print account; see `shared.graph.print_client`."""

    async def create_job(self, account: str, share_id: str, configuration: Mapping[str, Any]) -> JobView:
        """Make a job."""
        ...

    async def create_upload_session(
        self, account: str, share_id: str, job_id: str, document_id: str, name: str, content_type: str, size: int
    ) -> UploadSession:
        """Ask for where its document is to be sent."""
        ...

    async def cancel(self, account: str, printer_id: str, job_id: str) -> None:
        """Cancel it."""
        ...


@dataclass(frozen=True, slots=True)
class AccountTokensOf:
    """One account's tokens in the form that AdminClient takes."""

    tokens: AccountTokens
    name: str

    async def access_token(self) -> str:
        """See AccountTokens."""
        return await self.tokens.access_token(self.name)

    def invalidate(self) -> None:
        """A token that was just refreshed and is refused stays so: the refusal is what is to be told."""


def asked_as(account: str, settings: Settings, subject: str = "") -> Asked:
    """As which print account, and about what, Graph is asked."""
    return Asked(Kind.DELEGATED, settings.graph_client_id, account=account, subject=subject)


async def check_sign_in(account: str, tokens: AccountTokens, before: AccountStatus | None) -> Finding:
    """Renew its sign-in at the authority, as upkeep does. `before` is what was known of it before."""
    await tokens.keep_alive(account)
    age = before.token_age_seconds if before is not None else None
    if age is not None and age > STALE_SECONDS:
        return warning(
            f"signed in, but nobody had renewed that for {age / DAY:.0f} days; after 90 it would end",
            portal="Function App > Functions > upkeep > Invocations: does it run?",
            command="az functionapp start --name APP --resource-group GROUP",
            cause="signInStale",
        )
    told = "for the first time" if age is None else f"{_ago(age)} before this check"
    return works(f"signed in; that was renewed now, and {told}")


async def check_token(account: str, tokens: AccountTokens, settings: Settings) -> Finding:
    """Whether its token has every permission that it should, and is of the right tenant and app."""
    claims = read_claims(await tokens.access_token(account))
    if not claims:
        return works("the token does not say which permissions it has")
    granted = delegated_permissions(claims)
    missing = [name for name in PERMISSIONS if name not in granted]
    if missing:
        found = missing_permission("create job", Kind.DELEGATED, missing, asked_as(account, settings))
        return explained(found)
    tenant = compare_tenant(claims.get("tid"), claims.get("appid") or claims.get("azp"), settings)
    return tenant if tenant.remedy else works(f"its token has {' and '.join(PERMISSIONS)}")


async def check_printing(
    account: str, share: Share | None, graph: Printing, tokens: AccountTokens, state: StateStore, asked: Asked
) -> Finding:
    """Make a job and ask where to send a document, as printing does, then cancel it: it is never started.

    That takes the licence, the permissions and the share's access list. `share` is None where it may use none.
    """
    if share is None:
        return warning(
            f"no share of the catalog is for {account}, so it prints nothing",
            portal="fleet.toml: leave `accounts` of a share out, or add the account",
            command="python -m printops apply",
        )
    asked = replace(asked, granted=delegated_permissions(read_claims(await tokens.access_token(account))) or None)
    try:
        job = await graph.create_job(account, share.id, {})
    except GraphConflict:
        return explained(not_accepting(share.printer_name or share.alias))
    except PrintFunctionsError as error:
        return _refused(error, asked)
    try:
        await state.create(job_owner_path(share.id, job.id), b'{"submission": "doctor"}')
    except StorageConflict:
        # A submission that looked for a job whose making was not answered took this one, and prints with it.
        return works(f"has a licence and may print: a job on {share.alias} was made, and is put to use")
    try:
        content_type = next(iter(share.capabilities.get("contentTypes") or [PDF]))
        await graph.create_upload_session(
            account, share.id, job.id, job.document_id or "", "trial.pdf", content_type, _TRIAL_BYTES
        )
    except PrintFunctionsError as error:
        return _refused(error, asked)
    finally:
        # What marks the job as taken stays: a submission that listed it a moment ago would take it cancelled.
        left = await _cancelled(lambda: graph.cancel(account, share.printer_id, job.id))
    if left:
        return warning(
            f"{account} may print to {share.alias}, but the trial job {job.id} could not be cancelled ({left}); it was "
            "never started, so nothing comes out",
            portal=f"Azure portal > Universal Print > Printers > {share.printer_name or share.alias} > Jobs",
        )
    return works(f"has a licence and may print: a job on {share.alias} was made, and cancelled unstarted")


async def _cancelled(cancel: Callable[[], Awaitable[None]]) -> str:
    """Why the job could not be cancelled; empty where it was."""
    try:
        await cancel()
    except PrintFunctionsError as error:
        return " ".join(str(error).split())
    return ""


def _refused(error: PrintFunctionsError, asked: Asked) -> Finding:
    found = explain(error, asked)
    return explained(found) if found is not None else failed(" ".join(str(error).split()))


def explained(found: Explanation) -> Finding:
    """The failure that an explanation tells of."""
    return failed(found.what, portal=found.portal, command=found.command, cause=found.cause)


def share_finding(share: Share, account: str, values: Mapping[str, Any]) -> Finding:
    """What a share as Graph shows it to the account means (Graph: printerShare). Pure."""
    status = values.get("status") or {}
    state, description = str(status.get("state") or ""), str(status.get("description") or "")
    if values.get("isAcceptingJobs") is False:
        return explained(not_accepting(share.printer_name or share.alias))
    if state == STOPPED:
        why = f" ({description})" if description else ""
        found = not_accepting(share.printer_name or share.alias)
        return warning(
            f"{share.alias} is open to {account}, but its printer has stopped{why}: jobs wait",
            portal=found.portal,
            command=found.command,
            cause="printerStopped",
        )
    paused = "; the catalog has paused it" if share.paused else ""
    return works("open to the account" + (f", {state}" if state else "") + paused)


async def check_reports(read: Callable[[], Awaitable[object]], *, named: bool, asked: Asked) -> Finding:
    """Read a page of the usage reports. Who has not named an account for that (`named`) may do without."""
    try:
        await read()
    except GraphError as error:
        if error.status == 400:
            return works("may read usage reports")
        found = _refused(error, asked)
    except PrintFunctionsError as error:
        found = _refused(error, asked)
    else:
        return works("reads usage reports")
    if named:
        return found
    return warning(
        f"usage is not exported: {found.words}",
        portal=f"{found.portal}; or name another account in REPORTS_ACCOUNT" if found.portal else "",
        command=found.command,
        cause=found.cause,
    )


def share_of(account: str, shares: Sequence[Share]) -> Share | None:
    """The share on which a trial job of the account is made: one that takes documents, if there is one. Pure."""
    open_to = [share for share in shares if share.accounts is None or account in share.accounts]
    return next((share for share in open_to if not share.paused), open_to[0] if open_to else None)


def _ago(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
