"""A file goes from a storage client to paper through the real parts: Azurite, the worker library, the emulator."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.faults import Fault
from shared.names import SUBMISSIONS_QUEUE
from tests.support.accounts import ONE, TWO
from tests.support.documents import pdf
from tests.support.full_stack import FullStack, full_stack, poison_depths
from tests.support.tenant import printops

pytestmark = pytest.mark.timeout(180)


async def test_a_plain_upload_without_metadata_prints_once_and_leaves_a_receipt(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path, isolated=True) as stack:
        await stack.drop("office/letter.pdf", pdf(pages=2))
        receipt = await stack.receipt("letter.pdf")

        assert receipt["code"] == "completed"
        assert receipt["printAccount"] in (ONE, TWO)
        assert [slip["documentName"] for slip in stack.slips] == ["letter.pdf"]
        assert await stack.inbox_is_empty()
        await stack.host.idle()
        failed = [run for run in stack.host.invocations if run.outcome != "Succeeded"]
        assert failed == []


async def test_a_file_that_no_event_announced_is_printed_by_the_timer(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path, events=False) as stack:
        await stack.drop("office/lost-event.pdf", pdf())
        await asyncio.sleep(1.5)
        await stack.host.run_function("reconcile")
        assert (await stack.receipt("lost-event.pdf"))["code"] == "completed"
        assert len(stack.slips) == 1


async def test_a_worker_that_is_killed_in_mid_upload_prints_once(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path) as stack:
        stack.emulator.faults.add(Fault("delay", "uploadPart", seconds=3, skip=1, count=4))
        await stack.drop("office/killed.pdf", pdf(padding=30_000_000))
        await _upload_begins(stack)
        stack.host.kill_worker("print_document")

        assert (await stack.receipt("killed.pdf"))["code"] == "completed"
        assert [slip["print"] for slip in stack.slips] == [1]
        assert await stack.inbox_is_empty()
        assert stack.emulator.requests.counts()["createShareJob"] == 1
        assert await poison_depths(stack.storage) == [None] * 3


async def test_rubbish_on_the_queue_ends_on_the_poison_queue_and_stops_nothing(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path) as stack:
        await stack.storage.queue(SUBMISSIONS_QUEUE).send({"not": "ours"})
        await stack.drop("office/after-rubbish.pdf", pdf())
        assert (await stack.receipt("after-rubbish.pdf"))["code"] == "completed"
        async with asyncio.timeout(60):
            while (await poison_depths(stack.storage))[0] != 1:
                await asyncio.sleep(0.2)
        await stack.host.run_function("reconcile")
        status = (await stack.host.request("GET", "/api/status")).json()
        assert list(status["alerts"]) == [f"poison:{SUBMISSIONS_QUEUE}-poison"]
        assert status["queues"][f"{SUBMISSIONS_QUEUE}-poison"] == 1


async def test_health_is_open_and_status_needs_a_key_and_names_a_lapsed_account(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path) as stack:
        health = await stack.host.request("GET", "/api/health", key="")
        assert (health.status_code, health.json()) == (200, {"status": "up"})
        assert (await stack.host.request("GET", "/api/status", key="")).status_code == 401
        before = (await stack.host.request("GET", "/api/status")).json()
        assert [account["lapsed"] for account in before["accounts"]] == [None, None]
        assert all(account["tokenAgeSeconds"] < 60 for account in before["accounts"])
        assert before["openSubmissions"] == {"count": 0, "oldest": None}

        await _signed_in_long_ago(stack)
        for user in stack.emulator.world.users.values():
            stack.emulator.revoke_sign_in(user, reject_access_tokens=True)
        await stack.storage.container("print-state").delete_blob(f"accounts/{TWO}.cache")
        await stack.drop("office/waits.pdf", pdf())
        async with asyncio.timeout(60):
            while True:
                status = (await stack.host.request("GET", "/api/status")).json()
                if all(account["lapsed"] for account in status["accounts"]):
                    break
                await asyncio.sleep(0.5)
        assert set(status["alerts"]) == {f"account-lapsed:{ONE}", f"account-lapsed:{TWO}"}
        assert status["openSubmissions"]["oldest"]["document"] == "office/waits.pdf"
        assert stack.slips == []


async def test_printops_submits_follows_lists_shows_and_retries(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path / "stack") as stack:
        file = tmp_path / "invoice.pdf"
        file.write_bytes(pdf())
        refused = await printops(["submit", str(file), "--share", "office", "--set", "copies=9999"], stack.settings)
        assert refused.code == 1
        assert "it offers 1 to" in refused.errors
        assert stack.host.invocations == [], "nothing was uploaded"

        sent = await printops(
            ["submit", str(file), "--share", "office", "--set", "copies=2", "--watch"], stack.settings
        )
        assert sent.code == 0, sent
        assert "completed: The printer finished the job." in sent.output
        assert [slip["copies"] for slip in stack.slips] == [2]

        await stack.printer.set_condition("offline", on=True)
        await stack.drop("office/second.pdf", pdf())
        async with asyncio.timeout(30):
            while not [job for job in stack.emulator.jobs if job.state == "pending"]:
                await asyncio.sleep(0.1)
        job = next(job for job in stack.emulator.jobs if job.state == "pending")
        stack.emulator.queues.cancel(job)
        assert (await stack.receipt("second.pdf"))["code"] == "canceled"
        await stack.printer.set_condition("offline", on=False)
        assert await stack.inbox_is_empty()

        listed = await printops(["submissions", "list", "--json"], stack.settings)
        records = [json.loads(line) for line in listed.output.splitlines()]
        assert [record["outcome"]["code"] for record in records] == ["canceled", "completed"]
        shown = await printops(["submissions", "show", records[0]["key"][:8]], stack.settings)
        assert json.loads(shown.output)["document"]["name"] == "office/second.pdf"
        retried = await printops(["submissions", "retry", records[0]["key"]], stack.settings)
        assert retried.code == 0, retried
        async with asyncio.timeout(60):
            while len(stack.slips) != 2:
                await asyncio.sleep(0.1)
        again = await printops(["submissions", "retry", records[0]["key"]], stack.settings)
        assert again.code == 1
        assert "was retried before" in again.errors


async def _signed_in_long_ago(stack: FullStack) -> None:
    """A sign-in of the last minute is trusted over a refusal; this makes both older."""
    for name in (ONE, TWO):
        blob = stack.storage.container("print-state").get_blob_client(f"accounts/{name}.json")
        document = json.loads(await (await blob.download_blob()).readall())
        document["signedIn"] = "2020-01-01T00:00:00Z"
        await blob.upload_blob(json.dumps(document), overwrite=True)


async def _upload_begins(stack: FullStack) -> None:
    async with asyncio.timeout(60):
        while not [part for part in stack.emulator.requests.of("uploadPart") if part.status == 202]:
            await asyncio.sleep(0.02)
