"""Prints one page for real, through a print account, and follows it to the printer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.catalog import Share
from shared.doctor.account_checks import PDF, asked_as
from shared.doctor.finding import Finding, failed, warning, works
from shared.doctor.running import guarded
from shared.names import job_owner_path
from shared.services import Services
from shared.upload.bytes_source import BytesSource
from shared.upload.sender import upload_document
from shared.upload.session import UploadSession

# How long the page is followed, and the first and the longest wait between two looks.
FOLLOW_SECONDS = 180.0
FIRST_LOOK_SECONDS = 0.25
LOOK_SECONDS = 4.0
NAME = "test-page.pdf"
# Graph: printJobProcessingState, those after which nothing comes.
_ENDED = frozenset({"completed", "canceled", "aborted"})


def make_page(lines: Sequence[str]) -> bytes:
    """One A4 page of text as PDF (ISO 32000-1). Characters that Helvetica's encoding lacks become question marks."""
    shown = "".join(f"({_escaped(line)}) Tj T* " for line in lines)
    content = f"BT /F1 14 Tf 18 TL 72 760 Td {shown}ET".encode("latin-1", "replace")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    )
    page = bytearray(b"%PDF-1.4\n")
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(page))
        page += b"%d 0 obj%s\nendobj\n" % (number, text)
    table = len(page)
    page += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    page += b"".join(b"%010d 00000 n \n" % place for place in places)
    page += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(page)


async def print_page(share: Share, account: str, services: Services) -> Finding:
    """Print it and say what became of it."""
    asked = asked_as(account, services.settings, share.alias)
    return await guarded(lambda: _print(share, account, services), asked, 2 * FOLLOW_SECONDS)


async def _print(share: Share, account: str, services: Services) -> Finding:
    core = services.submissions
    offered = share.capabilities.get("contentTypes")
    if offered and PDF not in offered:
        return failed(f"{share.alias} takes no PDF, and the test page is one", portal="name another share")
    page = make_page(
        ["Universal Print Functions", "Test page", f"{core.now():%Y-%m-%d %H:%M} UTC", share.alias, account]
    )
    job = await core.graph.create_job(account, share.id, {})
    await core.state.create(job_owner_path(share.id, job.id), b'{"submission": "doctor"}')

    async def session() -> UploadSession:
        size = len(page)
        return await core.graph.create_upload_session(account, share.id, job.id, job.document_id or "", NAME, PDF, size)

    await upload_document(
        BytesSource(page, piece_bytes=core.bounds.upload_piece_bytes),
        await session(),
        http=core.uploads,
        renew=session,
        bounds=core.bounds,
        now=core.now,
        sleep=core.sleep,
        random=core.random,
        progress=lambda _: None,
    )
    await core.graph.start(account, share.id, job.id)
    until = core.now() + timedelta(seconds=FOLLOW_SECONDS)
    state, description, wait = "", "", FIRST_LOOK_SECONDS
    while state not in _ENDED and core.now() < until:
        await core.sleep(wait)
        wait = min(2 * wait, LOOK_SECONDS)
        view = await core.graph.get_job(account, share.id, job.id)
        state, description = view.state, view.description
    return outcome(share, job.id, state, description)


def outcome(share: Share, job_id: str, state: str, description: str) -> Finding:
    """What the state of the job means. Pure."""
    words = f"job {job_id} on {share.alias} is {state}" + (f": {description}".rstrip(".") if description else "")
    portal = f"Azure portal > Universal Print > Printers > {share.printer_name or share.alias} > Jobs"
    if state == "completed":
        return works(f"a test page came out of {share.printer_name or share.alias} (job {job_id})")
    if state in _ENDED:
        return failed(words, portal=portal)
    return warning(f"{words} after {FOLLOW_SECONDS:.0f} s; a virtual printer holds it for a tap", portal=portal)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
