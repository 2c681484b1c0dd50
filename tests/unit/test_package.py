"""What the deployed package holds: what is reached of a generated SDK, what rules leave, the same bytes each time."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import pytest

from infra.package.__main__ import report
from infra.package.archive import write_archive
from infra.package.assembling import FOLDERS, Contents
from infra.package.leaving_out import reason_to_leave_out
from infra.package.shaking import Tree, app_modules, app_reached, reached, rewritten
from infra.package.sources import Module, attributes, imports_reached
from tests.support.tenant import ROOT

CLIENT = """
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from .sites.sites_request_builder import SitesRequestBuilder
    from .print.print_request_builder import PrintRequestBuilder
class BaseServiceClient:
    '''The main entry point.'''
    @property
    def print(self) -> PrintRequestBuilder:
        '''Print.'''
        from .print.print_request_builder import PrintRequestBuilder
        return PrintRequestBuilder()
    @property
    def sites(self) -> SitesRequestBuilder:
        from .sites.sites_request_builder import SitesRequestBuilder
        return SitesRequestBuilder()
"""
PRINT = """
class PrintRequestBuilder:
    async def get(self):
        from ..models.job import Job
        return Job.create_from_discriminator_value(None)
    async def patch(self, body):
        from ..models.workbook import Workbook
        return Workbook()
    def to_get_request_information(self):
        from ..models.job import Job
        return Job
"""
ENTITY = """
class Entity:
    @staticmethod
    def create_from_discriminator_value(node):
        '''Make it.'''
        if node == "job":
            from .job import Job
            return Job()
        if node == "workbook":
            from .workbook import Workbook
            return Workbook()
        return Entity()
    def get_field_deserializers(self):
        from .job import Job
        from .workbook import Workbook
        return {"id": str}
"""
JOB = """
from .entity import Entity
class Job(Entity):
    def get_field_deserializers(self):
        from .entity import Entity
        from .status import Status
        from .owner import Owner
        fields = {
            "status": lambda node: setattr(self, "status", node.get_object_value(Status)),
            "owner": lambda node: setattr(self, "owner", node.get_object_value(Owner)),
            "note": lambda node: setattr(self, "note", node.get_str_value()),
        }
        fields.update(super().get_field_deserializers())
        return fields
"""
APP = Module(
    "app", is_package=False, source="from sdk.base_service_client import BaseServiceClient\nclient.print.get().status"
)
USED = attributes([APP.source])


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    files = {
        "sdk/base_service_client.py": CLIENT,
        "sdk/print/print_request_builder.py": PRINT,
        "sdk/sites/sites_request_builder.py": "class SitesRequestBuilder: pass",
        "sdk/models/entity.py": ENTITY,
        "sdk/models/job.py": JOB,
        "sdk/models/status.py": "class Status: pass",
        "sdk/models/owner.py": "class Owner: pass",
        "sdk/models/workbook.py": "class Workbook: pass",
    }
    for name in ("sdk", "sdk/models", "sdk/print", "sdk/sites"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return Tree(tmp_path, "sdk")


def test_a_builder_is_followed_only_along_the_attributes_that_the_app_uses(tree: Tree) -> None:
    assert set(reached(tree, [APP], USED)) == {
        "sdk",
        "sdk.base_service_client",
        "sdk.print",
        "sdk.print.print_request_builder",
        "sdk.models",
        "sdk.models.job",
        "sdk.models.entity",
        "sdk.models.status",
    }


def test_what_is_kept_runs_without_what_is_left_out(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = reached(tree, [APP], USED)
    target = tmp_path / "deployed"
    for name, module in kept.items():
        path = target / tree.path(name).relative_to(tmp_path)  # type: ignore[union-attr]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rewritten(module, kept, USED))
    monkeypatch.syspath_prepend(str(target))
    from sdk.base_service_client import BaseServiceClient  # type: ignore[import-not-found]
    from sdk.models.entity import Entity  # type: ignore[import-not-found]
    from sdk.models.job import Job  # type: ignore[import-not-found]

    assert set(Job().get_field_deserializers()) == {"id", "status", "note"}, "nobody reads the owner"
    assert type(Entity.create_from_discriminator_value("job")) is Job
    assert type(Entity.create_from_discriminator_value("workbook")) is Entity, "an unknown type is read as its base"
    assert BaseServiceClient().print.to_get_request_information() is Job
    assert not hasattr(BaseServiceClient, "sites")


def test_rewriting_leaves_no_commentary_and_no_import_of_what_is_left_out(tree: Tree) -> None:
    kept = reached(tree, [APP], USED)
    texts = {name: rewritten(module, kept, USED) for name, module in kept.items()}
    assert not any("workbook" in text.lower().replace("'workbook'", "") for text in texts.values()), texts
    assert not any("TYPE_CHECKING:" in text or "main entry point" in text for text in texts.values())


def test_of_the_app_itself_goes_what_its_functions_import_and_what_that_imports() -> None:
    sources = {
        "function_app": "from functions import print_it",
        "functions": "",
        "functions.print_it": "def run():\n    from shared.core.printing import act",
        "shared": "",
        "shared.core": "",
        "shared.core.printing": "import shared.names",
        "shared.names": "",
        "shared.core.set_up": "import shared.names",
    }
    modules = [Module(name, "." not in name, source) for name, source in sources.items()]
    left_out = set(sources) - {module.name for module in app_reached(modules, "function_app")}
    assert left_out == {"shared.core.set_up"}


def test_what_the_command_line_alone_uses_is_not_deployed() -> None:
    app = {module.name for module in app_reached(app_modules(ROOT, FOLDERS, ["function_app.py"]), "function_app")}
    assert {"shared.kiosk_page", "shared.telemetry.open_telemetry", "shared.usage.everything"} <= app
    folders = {name.split(".")[1] for name in app if name.startswith("shared.")}
    assert not folders & {"directory", "doctor", "fleet", "ipp", "permissions"}


def test_relative_imports_count_from_the_package_of_the_module() -> None:
    inner = Module("sdk.models.job", is_package=False, source="from ..print import thing\nfrom . import entity")
    assert imports_reached(inner, frozenset()) == {"sdk.print", "sdk.print.thing", "sdk.models", "sdk.models.entity"}
    package = Module("sdk.models", is_package=True, source="from .entity import Entity")
    assert imports_reached(package, frozenset()) == {"sdk.models.entity", "sdk.models.entity.Entity"}


def test_attributes_are_found_wherever_they_are_used() -> None:
    assert attributes(["a.b.c()", "def f(x): return x.d"]) == {"b", "c", "d"}


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("aiohttp/_http_parser.pyx", True),
        ("aiohttp/_http_parser.cpython-313-x86_64-linux-gnu.so", False),
        ("bin/httpx", True),
        ("msal-1.0.dist-info/RECORD", True),
        ("msal-1.0.dist-info/METADATA", False),
        ("certifi/cacert.pem", False),
        ("azure/core/testing/x.py", False),
        ("pkg/tests/test_x.py", True),
    ],
)
def test_what_no_run_time_needs_is_left_out(path: str, left_out: bool) -> None:
    assert (reason_to_leave_out(PurePosixPath(path)) is not None) is left_out


def test_the_archive_has_the_same_bytes_whenever_its_files_were_written(tmp_path: Path) -> None:
    archives = []
    for number, order in enumerate((["b/x.py", "a.py"], ["a.py", "b/x.py"])):
        folder = tmp_path / str(number)
        for name in order:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        (folder / "a.py").chmod(0o755 if number else 0o600)
        write_archive(folder, tmp_path / f"{number}.zip")
        archives.append((tmp_path / f"{number}.zip").read_bytes())
    assert archives[0] == archives[1]
    with zipfile.ZipFile(tmp_path / "0.zip") as archive:
        assert archive.namelist() == ["a.py", "b/x.py"]


def test_the_report_sets_what_the_package_weighs_beside_its_budget() -> None:
    text = report(Contents(10, 200_000_000, 5, 45_400_000), 16_500_000, "abc")
    assert "45.4 MB (at most 80)" in text
    assert "16.5 MB (at most 20), sha256 abc" in text
