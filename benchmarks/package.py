"""What is deployed, against a plain install of the same requirements: what it weighs, and how fast it is imported."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.deployables import deployables
from benchmarks.figures import Figure, Goal
from infra.package.__main__ import FOLDER_BYTES, MEGABYTE, ZIP_BYTES
from infra.package.archive import write_archive
from infra.package.assembling import PACKAGES

RUNS = 7
# What a document on its way to paper makes the app import, in the app's own order.
CLIENTS = (
    "cryptography.fernet",
    "azure.storage.blob.aio",
    "azure.storage.queue.aio",
    "azure.identity.aio",
    "aiohttp",
    "httpx",
    "msal",
    "msgraph_core",
    "msgraph.graph_request_adapter",
    "msgraph.graph_service_client",
    "msgraph.generated.print.shares.item.jobs.item.print_job_item_request_builder",
    "msgraph.generated.print.shares.item.jobs.jobs_request_builder",
    "msgraph.generated.models.print_job_configuration",
    "msgraph.generated.models.print_document_upload_properties",
)
_TIMED = """
import importlib, sys, time
sys.path.insert(0, sys.argv[1])
started = time.perf_counter()
for name in sys.argv[2:]:
    importlib.import_module(name)
print(time.perf_counter() - started)
"""


def measure(runs: int | None = None) -> list[Figure]:
    """Make both, weigh them, and import every client from each in turn."""
    with deployables() as folders:
        weights = [(_files(folder), _bytes(folder), _zipped(folder)) for folder in (folders.package, folders.plain)]
        ours: list[float] = []
        compiled: list[float] = []
        uncompiled: list[float] = []
        for _ in range((runs or RUNS) + 1):
            ours.append(_import_milliseconds(folders.package, f"pycache_prefix={folders.compiled}"))
            compiled.append(_import_milliseconds(folders.plain, f"pycache_prefix={folders.compiled}"))
            uncompiled.append(_import_milliseconds(folders.plain))
    (our_files, our_bytes, our_zip), (peer_files, peer_bytes, peer_zip) = weights
    plain = "the app with a plain install of requirements.txt"
    weight = partial(Figure, unit="MB", limit="compiled libraries, which no rule can make smaller")
    imported = partial(
        Figure,
        what="import of every client that printing takes, in a fresh process, from files that were read before",
        unit="ms",
        # The first of each compiled the plain install and read the files of both.
        ours=tuple(ours[1:]),
        limit="running the modules that are imported, which are the same",
    )
    return [
        weight(
            name="package_zip",
            what="the zip that is deployed",
            ours=(our_zip / MEGABYTE,),
            peer_name=plain,
            peer=(peer_zip / MEGABYTE,),
            goal=Goal("ours", ZIP_BYTES // MEGABYTE),
        ),
        weight(
            name="package_folder",
            what="the folder that an instance mounts",
            ours=(our_bytes / MEGABYTE,),
            peer_name=f"{plain}, whose modules are not compiled yet",
            peer=(peer_bytes / MEGABYTE,),
            goal=Goal("ours", FOLDER_BYTES // MEGABYTE),
        ),
        Figure(
            name="package_files",
            what="files in it",
            unit="files",
            ours=(our_files,),
            peer_name=plain,
            peer=(peer_files,),
            goal=Goal("ratio", 5),
            limit="modules that the app reaches",
        ),
        imported(
            name="package_import",
            peer_name="the same from a plain install whose modules are compiled, too",
            peer=tuple(compiled[1:]),
            goal=Goal("ratio", 0.95),
        ),
        imported(
            name="package_import_compiled",
            peer_name="the same from a plain install as uv leaves it, in a folder that cannot be written to",
            peer=tuple(uncompiled[1:]),
            goal=Goal("ratio", 2),
        ),
    ]


def _import_milliseconds(app: Path, *options: str) -> float:
    # Isolated and without a site, so that nothing of the development's own packages is found.
    kept = [part for option in options for part in ("-X", option)] or ["-B"]
    command = [sys.executable, "-I", "-S", *kept, "-c", _TIMED, str(app / PACKAGES), *CLIENTS]
    run = subprocess.run(command, cwd=app, check=True, capture_output=True, text=True)
    return float(run.stdout) * 1000


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _zipped(folder: Path) -> int:
    with TemporaryDirectory(prefix="benchmark-") as name:
        archive = Path(name) / "app.zip"
        write_archive(folder, archive)
        return archive.stat().st_size
