"""What a cold start spends on importing the app, against an app of one empty function."""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from benchmarks.children import ROOT
from benchmarks.figures import Figure, Goal

RUNS = 15
GOAL = 1.5

BARE_APP = """
import azure.functions as func

app = func.FunctionApp()

@app.route("hello")
def hello(request: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""
# Both are timed inside a fresh interpreter, from files that are compiled already, as on an instance of the service.
_TIMED = """
import sys, time
started = time.perf_counter()
{statement}
app.get_functions()
print(time.perf_counter() - started)
"""


def measure(runs: int | None = None) -> list[Figure]:
    """Import both in fresh processes, in turn, so that whatever else the machine does falls on both alike."""
    ours: list[float] = []
    peer: list[float] = []
    count = runs or RUNS
    with TemporaryDirectory(prefix="benchmark-") as compiled:
        for _ in range(count + 1):
            ours.append(_import_milliseconds("from function_app import app", compiled))
            peer.append(_import_milliseconds(BARE_APP, compiled))
    # The first of each compiled the files.
    return [
        Figure(
            name="cold_import",
            what="import function_app and index its functions, in a fresh process",
            unit="ms",
            ours=tuple(ours[1:]),
            peer_name="azure.functions app with one function",
            peer=tuple(peer[1:]),
            goal=Goal("ratio", round(1 / GOAL, 3)),
            limit=f"azure.functions itself; the goal is at most {GOAL} times the peer",
        )
    ]


def _import_milliseconds(statement: str, compiled: str) -> float:
    script = _TIMED.format(statement=statement)
    # Whoever switches the writing of compiled modules off would have every run compile everything anew.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return float(run.stdout) * 1000
