"""The demo's side of storage, on Azurite."""

from __future__ import annotations

import json
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from emulator.azurite import StorageAccount
from emulator.demo.storage import DemoStorage


async def test_a_dropped_file_lies_in_the_inbox_with_its_settings(
    storage_account: StorageAccount, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 " + bytes(9_000_000))
    seen: list[int] = []
    async with DemoStorage(storage_account.connection_string) as storage:
        await storage.make_places()
        await storage.drop("finance/a.pdf", tmp_path / "a.pdf", {"copies": "2"}, seen.append)
    with BlobServiceClient.from_connection_string(storage_account.connection_string) as blobs:
        properties = blobs.get_blob_client("print-inbox", "finance/a.pdf").get_blob_properties()
    assert (properties.size, properties.metadata) == (9_000_009, {"copies": "2"})
    assert seen[-1] == 9_000_009


async def test_making_the_places_again_is_no_error(storage_account: StorageAccount) -> None:
    async with DemoStorage(storage_account.connection_string) as storage:
        await storage.make_places()
        await storage.make_places()


async def test_states_and_receipts_follow_what_the_functions_write(storage_account: StorageAccount) -> None:
    async with DemoStorage(storage_account.connection_string) as storage:
        await storage.make_places()
        assert await storage.states() == {}
        with BlobServiceClient.from_connection_string(storage_account.connection_string) as blobs:
            record = blobs.get_blob_client("print-state", "submissions/k.json")
            for state in ("accepted", "started"):
                record.upload_blob(json.dumps({"document": {"name": "finance/a.pdf"}, "state": state}), overwrite=True)
                assert await storage.states() == {"finance/a.pdf": state}
            receipt = {"outcome": "failed", "reason": "Empty.", "document": {"name": "finance/a.pdf", "size": 0}}
            blobs.get_blob_client("print-failed", "finance/x/a.pdf.receipt.json").upload_blob(json.dumps(receipt))
            blobs.get_blob_client("print-failed", "finance/x/a.pdf").upload_blob(b"")
        (found,) = await storage.receipts()
        assert (found.document, found.outcome, found.place) == (
            "finance/a.pdf",
            "failed",
            "print-failed/finance/x/a.pdf",
        )
