"""Where the imports of a first tap or print spend their time, package by package (`python -X importtime`)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from benchmarks.children import ROOT
from emulator.functions_host.packages import forbidden_modules

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)
_BEGUN = "-- begun --"
# As the worker finds modules; what is imported before the mark every cold start pays.
_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from emulator.functions_host.packages import hide, packages_folder
sys.path.remove(sys.argv[1])
brought = packages_folder(Path(sys.argv[2]))
sys.path[:0] = [sys.argv[2], *([str(brought)] if brought else [])]
hide(sys.argv[4:])
import asyncio, azure_functions_runtime, function_app
print(%r, file=sys.stderr, flush=True)
exec(sys.argv[3])
"""
_WORK = {
    "tap": """
import shared.kiosk.http
from shared.kiosk.services import kiosk_services
asyncio.run(kiosk_services())
""",
    "print": """
import shared.submission.printing, shared.submission.messages, msal
import shared.graph.adapter, msgraph.generated.models.print_job
import msgraph.generated.print.shares.item.jobs.item.print_job_item_request_builder
from shared.services import services
asyncio.run(services())
""",
}


def shares(app: Path, kind: str, environment: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds by package of what a first `tap` or `print` imports, modules of each summed."""
    command = [sys.executable, "-P", "-X", "importtime", "-c", _SCRIPT % _BEGUN, str(ROOT), str(app), _WORK[kind]]
    run = subprocess.run(
        [*command, *forbidden_modules(app)], cwd=app, env=dict(environment), check=True, capture_output=True, text=True
    )
    found: defaultdict[str, float] = defaultdict(float)
    for microseconds, module in _LINE.findall(run.stderr.partition(_BEGUN)[2]):
        found[package_of(module)] += int(microseconds) / 1000
    return dict(found)


def package_of(module: str) -> str:
    """The package that a module counts for: Azure's are told apart, the standard library's are one."""
    first, _, rest = module.partition(".")
    if first in sys.stdlib_module_names or first.startswith("_"):
        return "the standard library"
    return f"{first}.{rest.partition('.')[0]}" if first == "azure" and rest else first
