"""Azurite as the tests and the demo use it: free ports, own accounts, no process left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from emulator import azurite as subject
from emulator.azurite import Azurite, AzuriteError, StorageAccount, azurite_process, running_azurite


def test_blobs_and_queues_answer_under_the_connection_string(storage_account: StorageAccount) -> None:
    with BlobServiceClient.from_connection_string(storage_account.connection_string) as blobs:
        container = blobs.create_container("print-inbox")
        container.upload_blob("finance/a.pdf", b"%PDF-1.7")
        assert container.download_blob("finance/a.pdf").readall() == b"%PDF-1.7"
    with QueueServiceClient.from_connection_string(storage_account.connection_string) as queues:
        queue = queues.create_queue("print-submissions")
        queue.send_message("one")
        assert [message.content for message in queue.receive_messages()] == ["one"]


def test_each_account_is_empty_whatever_another_holds(azurite: Azurite, storage_account: StorageAccount) -> None:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as others:
        others.create_container("print-state")
    with BlobServiceClient.from_connection_string(storage_account.connection_string) as own:
        assert list(own.list_containers()) == []


async def test_two_start_side_by_side_and_leave_nothing_running() -> None:
    async with running_azurite() as one, running_azurite() as other:
        assert len({one.blob_url, one.queue_url, other.blob_url, other.queue_url}) == 4
    assert not psutil.pid_exists(one.pid)
    assert not psutil.pid_exists(other.pid)


def test_data_in_a_directory_outlives_the_process(tmp_path: Path) -> None:
    with (
        azurite_process(tmp_path / "data") as first,
        BlobServiceClient.from_connection_string(first.connection_string) as blobs,
    ):
        blobs.create_container("print-archive").upload_blob("kept.txt", b"kept")
    with (
        azurite_process(tmp_path / "data") as second,
        BlobServiceClient.from_connection_string(second.connection_string) as blobs,
    ):
        assert blobs.get_blob_client("print-archive", "kept.txt").download_blob().readall() == b"kept"


def test_azurite_ends_when_its_parent_is_killed() -> None:
    program = (
        "from emulator.azurite import azurite_process\n"
        "with azurite_process() as running:\n"
        "    print(running.pid, flush=True)\n"
        "    input()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_one_that_ended_by_itself_is_noticed() -> None:
    with azurite_process() as azurite:
        azurite.check()
        psutil.Process(azurite.pid).kill()
        while azurite.ended() is None:
            time.sleep(0.01)
        with pytest.raises(AzuriteError, match="ended with code"):
            azurite.check()


def test_a_missing_installation_says_which_command_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "HOME", tmp_path)
    with pytest.raises(AzuriteError, match=r"python dev\.py setup"), azurite_process():
        pass
