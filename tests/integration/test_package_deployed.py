"""The package that is deployed does all that the app does, from its own folder and with the packages that it brings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from emulator.demo.outcomes import read_slips
from emulator.demo.tap import DOCUMENT as TAPPED
from emulator.demo.tap import KIOSK_PRINTER, print_to_virtual_printer, tap
from infra.package.__main__ import FOLDER_BYTES, ZIP_BYTES
from shared.kiosk_page import NAMES
from shared.names import USAGE
from tests.support.deployed import Deployed, make_package, run_from, running_package
from tests.support.documents import pdf

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

# Imports each module of the app, whatever any function of it would import, and what is loaded ahead.
IMPORT_EVERYTHING = """
import ast, importlib, json, pathlib
failed, files = {}, [pathlib.Path("function_app.py")]
for folder in ("functions", "shared"):
    files += sorted(pathlib.Path(folder).rglob("*.py"))
def load(name, attributes=()):
    try:
        module = importlib.import_module(name)
        for attribute in attributes:
            hasattr(module, attribute) or importlib.import_module(f"{name}.{attribute}")
    except Exception as error:
        failed[name] = repr(error)
for file in files:
    load(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            load(node.module, [alias.name for alias in node.names])
        elif isinstance(node, ast.Import):
            [load(alias.name) for alias in node.names]
from shared.preloading import MODULES, TELEMETRY_MODULES
for name in MODULES + TELEMETRY_MODULES:
    load(name)
print(json.dumps({"failed": failed, "files": len(files)}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `app` and `app.zip`, made once."""
    return make_package(tmp_path_factory.mktemp("dist"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployed]:
    """One system for all tests: what each does leaves the others alone."""
    async with running_package(package / "app", tmp_path_factory.mktemp("system")) as running:
        yield running
        for complaint in ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "not be loaded ahead"):
            assert complaint not in running.log()


async def test_the_package_keeps_its_budget(package: Path) -> None:
    assert (package / "app.zip").stat().st_size <= ZIP_BYTES
    assert sum(path.stat().st_size for path in (package / "app").rglob("*") if path.is_file()) <= FOLDER_BYTES


async def test_nothing_of_the_development_is_deployed(package: Path) -> None:
    names = {path.name for path in (package / "app").iterdir()}
    assert names == {".python_packages", "function_app.py", "functions", "host.json", "requirements.txt", "shared"}


async def test_whatever_the_app_imports_is_in_the_package(package: Path) -> None:
    told = json.loads(run_from(package / "app", IMPORT_EVERYTHING))
    assert told["failed"] == {}
    assert told["files"] > 100


async def test_the_deployed_modules_are_those_of_the_package(package: Path) -> None:
    look = "import msgraph.graph_service_client as m; print(m.__file__)"
    assert Path(run_from(package / "app", look).strip()).is_relative_to(package / "app" / ".python_packages")


async def test_a_dropped_document_is_printed(deployed: Deployed, tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(pdf())
    await deployed.system.storage.drop("office/letter.pdf", tmp_path / "letter.pdf", {"copies": "2"})

    async def receipt() -> list[str]:
        return [found.outcome for found in await deployed.system.storage.receipts() if "letter" in found.document]

    assert await deployed.until(receipt, "the receipt") == ["completed"]
    slips = [slip for slip in read_slips(deployed.system.paper) if "letter" in slip.paper.name]
    assert len(slips) == 1


async def test_upkeep_subscribes_and_a_held_job_comes_out_where_the_badge_was_shown(deployed: Deployed) -> None:
    assert await deployed.until(deployed.subscriptions, "the subscription that upkeep makes")
    await print_to_virtual_printer(deployed.system.emulator_url, pdf(), deployed.http)
    system = deployed.system
    row = await tap(system.kiosk, system.host_url, system.paper, system.check)
    assert (row.document.split()[0], row.outcome, row.printer, row.fault) == (TAPPED, "completed", KIOSK_PRINTER, None)


async def test_the_page_of_the_kiosk_comes_with_all_its_parts(deployed: Deployed) -> None:
    page = await deployed.get("kiosk")
    assert page.headers["content-type"].startswith("text/html")
    for name in sorted(NAMES):
        part = await deployed.get(f"kiosk/assets/{name}")
        assert (part.status_code, part.content != b"") == (200, True), name


async def test_a_subscription_that_graph_has_removed_is_made_anew(deployed: Deployed) -> None:
    (lost,) = await deployed.until(deployed.subscriptions, "the subscription that upkeep makes")
    await deployed.http.delete(f"{deployed.system.emulator_url}/emulator/subscriptions/{lost}")
    notice = {
        "subscriptionId": lost,
        "lifecycleEvent": "subscriptionRemoved",
        "clientState": deployed.setting("NOTIFICATION_CLIENT_STATE"),
        "tenantId": deployed.setting("GRAPH_TENANT_ID"),
    }
    address = f"{deployed.system.host_url}/api/notifications/lifecycle"
    assert (await deployed.http.post(address, json={"value": [notice]})).status_code == 202
    made = await deployed.until(deployed.subscriptions, "another subscription")
    assert made != [lost]


async def test_an_alert_is_raised_and_the_status_tells_of_it(deployed: Deployed) -> None:
    assert (await deployed.get("health")).json() == {"status": "up"}
    await deployed.put_message("print-jobs-poison", "nobody could handle this")
    await deployed.run_timer("reconcile")

    async def began() -> bool:
        return "alert began: poison:print-jobs-poison" in deployed.log()

    await deployed.until(began, "the alert")
    status = (await deployed.get("status", key=True)).json()
    assert "poison:print-jobs-poison" in status["alerts"]
    assert {account["lapsed"] for account in status["accounts"]} == {None}


async def test_telemetry_reaches_application_insights(deployed: Deployed, tmp_path: Path) -> None:
    (tmp_path / "secret-plans.pdf").write_bytes(pdf())
    await deployed.system.storage.drop("office/secret-plans.pdf", tmp_path / "secret-plans.pdf", {})

    async def sent() -> bool:
        spans = {"accept document", "print document", "follow job", "Graph: create job", "Graph: get job"}
        return spans <= deployed.telemetry.spans()

    assert await deployed.until(sent, "the spans")
    assert "secret-plans" not in deployed.telemetry.text(), "no span holds the name of a document"
    assert "_MS.links" in deployed.telemetry.text(), "the host's own record of the invocation is linked"


# The last one: the export goes on since the start, while the others do their work.
async def test_usage_is_exported_and_its_report_is_served(deployed: Deployed) -> None:
    async def report() -> bool:
        answer = await deployed.get("usage/latest", key=True)
        return answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")

    assert await deployed.until(report, "the usage report")
    kinds = {name.rpartition(".")[2] for name in await deployed.blobs(USAGE)}
    assert {"parquet", "csv", "html"} <= kinds
