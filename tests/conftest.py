"""Fixtures that every test may use: storage accounts in one Azurite, and what a skip means on CI."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from itertools import count

import pytest

from emulator.azurite import Azurite, StorageAccount, azurite_process

# As many as a run may use. Short names and keys, because Windows limits the environment to 32,767 characters.
_TEST_ACCOUNTS = {f"test{number}": "dGVzdA==" for number in range(1000)}


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One Azurite for the whole run, in memory. Take `storage_account` unless you need the process itself."""
    with azurite_process(accounts=_TEST_ACCOUNTS) as running:
        yield running


@pytest.fixture(scope="session")
def _account_numbers() -> Iterator[int]:
    return count()


@pytest.fixture
def storage_account(azurite: Azurite, _account_numbers: Iterator[int]) -> StorageAccount:
    """An empty storage account of the test's own, so that the fixed container and queue names never collide."""
    return azurite.account(f"test{next(_account_numbers)}")


def pytest_xdist_auto_num_workers() -> int:
    """Half as many processes again as there are cores: a test of the whole system waits as often as it works."""
    return max(2, (os.process_cpu_count() or 1) * 3 // 2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a test that could not run for want of a Debian package has failed: nobody reads skips there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and "Debian package" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr}\nOn CI this is a failure: install the package."
    return report
