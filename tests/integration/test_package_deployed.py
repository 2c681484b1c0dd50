"""The package that is deployed prints from its own folder, with the packages that it brings and no others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from emulator.azurite import StorageAccount
from infra.package.__main__ import FOLDER_BYTES, ZIP_BYTES
from tests.support.documents import pdf
from tests.support.full_stack import full_stack
from tests.support.tenant import ROOT


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `app` and `app.zip`, made once."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "infra.package", "--uv", str(dev.find_uv()), "--directory", str(directory)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert made.returncode == 0, made.stdout + made.stderr
    return directory


def test_the_package_keeps_its_budget(package: Path) -> None:
    assert (package / "app.zip").stat().st_size <= ZIP_BYTES
    assert sum(path.stat().st_size for path in (package / "app").rglob("*") if path.is_file()) <= FOLDER_BYTES


def test_nothing_of_the_development_is_deployed(package: Path) -> None:
    names = {path.name for path in (package / "app").iterdir()}
    assert names == {".python_packages", "function_app.py", "functions", "host.json", "requirements.txt", "shared"}


async def test_a_document_is_printed_by_the_deployed_package(
    package: Path, storage_account: StorageAccount, tmp_path: Path
) -> None:
    async with full_stack(storage_account, tmp_path, app=package / "app") as stack:
        await stack.drop("office/letter.pdf", pdf(), metadata={"copies": "2"})
        receipt = await stack.receipt("letter.pdf")
        assert (receipt["outcome"], receipt["settings"]) == ("completed", {"copies": 2})
        assert [slip["documentName"] for slip in stack.slips] == ["letter.pdf"]


def test_the_deployed_modules_are_those_of_the_package(package: Path) -> None:
    folder = package / "app" / ".python_packages" / "lib" / "site-packages"
    look = "import msgraph.graph_service_client as m, sys, json; print(json.dumps(m.__file__))"
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); {look}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert Path(json.loads(ran.stdout)).is_relative_to(folder)
