"""The upload engine between the real parts: storage on one side, the emulated upload host over TLS on the other."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from azure.storage.blob.aio import BlobServiceClient

from emulator.azurite import StorageAccount
from emulator.universal_print.devices.capabilities import MONO_LASER
from emulator.universal_print.devices.virtual import VirtualPrinter
from emulator.universal_print.faults import Fault
from emulator.universal_print.jobs import Job
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.world import AppRegistration, World
from shared.bounds import Bounds
from shared.errors import NotNow
from shared.upload.blob_source import BlobSource
from shared.upload.http import open_upload_http
from shared.upload.ranges import ALIGNMENT
from shared.upload.sender import ask_missing, cancel, upload_document
from shared.upload.session import CompletedDocument, UploadSession

CONTENT = random.Random(2).randbytes(14 * ALIGNMENT + 321)  # noqa: S311 - not a secret
BOUNDS = Bounds(upload_part_bytes=2 * ALIGNMENT)
PARTS = 8


@dataclass
class Stage:
    """A document in storage, and a job in the emulator that waits for it."""

    emulator: Emulator
    source: BlobSource
    http: aiohttp.ClientSession
    job: Job
    renewals: int = 0
    sleeps: list[float] = field(default_factory=list)

    def open_session(self) -> UploadSession:
        session = self.emulator.uploads.open_session(self.job, "a.pdf", "application/pdf", len(CONTENT))
        return UploadSession.opened(
            upload_url=f"{self.emulator.base_url}/uploads/{session.token}",
            expires=session.expires,
            next_expected_ranges=self.emulator.uploads.expected_ranges(session),
            size=len(CONTENT),
        )

    async def renew(self) -> UploadSession | CompletedDocument:
        self.renewals += 1
        if self.job.document.uploaded is not None:
            return CompletedDocument(self.job.document.id, size=self.job.document.size)
        return self.open_session()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.sleep(min(seconds, 0.01))

    async def upload(self, session: UploadSession | None = None) -> CompletedDocument:
        return await upload_document(
            self.source,
            session or self.open_session(),
            http=self.http,
            renew=self.renew,
            bounds=BOUNDS,
            now=self.emulator.clock.now,
            sleep=self.sleep,
            random=lambda: 0.5,
        )

    async def asked(self, session: UploadSession) -> UploadSession:
        return await ask_missing(
            session.upload_url,
            size=len(CONTENT),
            http=self.http,
            bounds=BOUNDS,
            now=self.emulator.clock.now,
            sleep=self.sleep,
            random=lambda: 0.5,
        )

    def statuses(self, operation: str) -> list[int | None]:
        return [entry.status for entry in self.emulator.requests if entry.operation == operation]

    def arrived(self) -> bool:
        return self.job.document.uploaded is not None and self.job.payload.read_bytes() == CONTENT


@pytest.fixture
async def stage(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[Stage]:
    world = World("0b9f5e9e-55d6-4b7e-9f0e-6f3a51d0a001")
    user = world.add_user("print1@contoso.example")
    app = world.add_app(AppRegistration("app", "App"))
    printer = world.add_printer(VirtualPrinter("Laser", MONO_LASER, tmp_path / "paper"))
    share = world.add_share(printer, allow_all_users=True)
    emulator = Emulator(world, tmp_path)
    async with (
        running(emulator),
        BlobServiceClient.from_connection_string(storage_account.connection_string) as service,
        open_upload_http(ssl.create_default_context(cafile=str(emulator.ca_bundle))) as http,
    ):
        container = service.get_container_client("print-inbox")
        await container.create_container()
        blob = container.get_blob_client("finance/a.pdf")
        answer = await blob.upload_blob(CONTENT)
        source = BlobSource(blob, etag=answer["etag"], size=len(CONTENT), bounds=BOUNDS)
        job = emulator.jobs.create(printer, share, user, app, {}, emulator.clock.now())
        yield Stage(emulator, source, http, job)


async def test_a_document_goes_from_storage_to_the_service_in_as_few_requests_as_parts(stage: Stage) -> None:
    document = await stage.upload()
    assert stage.arrived()
    assert (document.id, document.size) == (stage.job.document.id, len(CONTENT))
    assert sorted(map(str, stage.statuses("uploadPart"))) == ["201", *["202"] * (PARTS - 1)]
    assert stage.statuses("uploadStatus") == []


@pytest.mark.parametrize("action", ["dropBefore", "dropAfter", "cutRequest", "cutReply"])
async def test_a_part_whose_connection_ends_is_asked_for(stage: Stage, action: str) -> None:
    stage.emulator.faults.add(Fault(action, "uploadPart", skip=2))  # type: ignore[arg-type]
    await stage.upload()
    assert stage.arrived()
    assert stage.renewals == 0


async def test_a_lost_last_answer_is_settled_by_looking_at_the_document(stage: Stage) -> None:
    stage.emulator.faults.add(Fault("dropAfter", "uploadPart", skip=PARTS - 1))
    document = await stage.upload()
    assert stage.arrived()
    assert document.id == stage.job.document.id
    # Parts arrive in any order: the lost answer is the one to the part sent last, mostly the one that completes.
    assert stage.renewals <= 1
    assert len(stage.statuses("uploadPart")) == PARTS


async def test_bursts_of_trouble_are_waited_out(stage: Stage) -> None:
    stage.emulator.faults.add(Fault("status", "uploadPart", status=503, count=5))
    stage.emulator.faults.add(Fault("status", "uploadPart", status=503, skip=7, after=True))
    stage.emulator.faults.add(Fault("status", "uploadPart", status=429, retry_after=1, skip=9))
    stage.emulator.faults.add(Fault("status", "uploadStatus", status=503, count=2))
    await stage.upload()
    assert stage.arrived()
    assert max(stage.sleeps) <= BOUNDS.in_process_wait_seconds


async def test_a_restart_of_the_host_costs_no_session(stage: Stage) -> None:
    stage.emulator.faults.add(Fault("restart", "uploadPart", skip=3, seconds=0.02))
    await stage.upload()
    assert stage.arrived()
    assert stage.renewals == 0


async def test_a_session_that_expires_mid_way_is_replaced(stage: Stage) -> None:
    def expire_half_way() -> None:
        stage.emulator.clock.advance(timedelta(hours=2))

    stage.emulator.faults.add(Fault("delay", "uploadPart", skip=PARTS // 2, seconds=0.3))
    session = stage.open_session()
    uploading = asyncio.create_task(stage.upload(session))
    while len(stage.statuses("uploadPart")) <= PARTS // 2:
        await asyncio.sleep(0.005)
    expire_half_way()
    await uploading
    assert stage.arrived()
    assert stage.renewals == 1


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_long_wait_is_put_off_and_only_what_lacks_is_sent_later(stage: Stage, as_date: bool) -> None:
    fault = Fault("status", "uploadPart", status=429, retry_after=90, retry_after_as_date=as_date, skip=3)
    stage.emulator.faults.add(fault)
    session = stage.open_session()
    with pytest.raises(NotNow) as put_off:
        await stage.upload(session)
    assert 88 <= put_off.value.delay <= 90
    held = len(CONTENT) - (await stage.asked(session)).missing.total()
    assert held > 0
    sent_before = len(stage.statuses("uploadPart"))
    resumed = await stage.asked(session)
    await stage.upload(resumed)
    assert stage.arrived()
    assert len(stage.statuses("uploadPart")) - sent_before <= PARTS - held // (2 * ALIGNMENT) + 1
    assert 416 not in stage.statuses("uploadPart")


async def test_an_upload_that_is_given_up_is_cancelled(stage: Stage) -> None:
    session = stage.open_session()
    assert await cancel(session.upload_url, http=stage.http, bounds=BOUNDS)
    assert stage.statuses("cancelUpload") == [204]


async def test_parts_that_the_host_holds_already_are_found_out_and_not_sent_twice(stage: Stage) -> None:
    session = stage.open_session()
    for start in (0, 6 * ALIGNMENT):
        end = start + 2 * ALIGNMENT
        headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(CONTENT)}"}
        async with stage.http.put(session.upload_url, data=CONTENT[start:end], headers=headers) as answer:
            assert answer.status == 202
    await stage.upload(session)
    assert stage.arrived()
    assert 416 in stage.statuses("uploadPart")
    assert stage.renewals == 0


async def test_two_workers_on_one_session_end_with_one_whole_document(stage: Stage) -> None:
    session = stage.open_session()
    ends = await asyncio.gather(stage.upload(session), stage.upload(session), return_exceptions=True)
    assert stage.arrived()
    assert any(isinstance(end, CompletedDocument) for end in ends)
    assert all(isinstance(end, (CompletedDocument, NotNow)) for end in ends)
