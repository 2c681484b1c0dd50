"""What to try once the demo has printed its documents."""

from __future__ import annotations

import os
from pathlib import Path

from emulator.demo.count import report_address
from emulator.demo.system import System
from emulator.demo.tap import BADGE, PERSON


def next_steps(system: System, root: Path) -> str:
    """The lines that tell a person what to try next, to be copied as they are."""
    python = python_here()
    export = "set" if os.name == "nt" else "export"
    settings = short(system.settings_file, root)
    submit = f"{python} -m printops submit FILE"
    return f"""\
What to try next. All of it goes on until Ctrl-C.

  See printers, jobs and paper   {system.emulator_url}/
  See how it is doing            {system.host_url}/api/status?code={system.function_key}
  See who printed what           {report_address(system.host_url, system.function_key)}
  Print a file of yours          {submit} --share finance --watch --settings {settings}
  See what was printed           {python} -m printops submissions list --settings {settings}
  Drop it with the Azure CLI     az storage blob upload --container-name print-inbox --name finance/FILE --file FILE
  Have a file held for Anna      {submit} --share follow-me --set owner={PERSON} --settings {settings}
  Collect it at the kiosk        {system.kiosk.page}
    with Anna's badge            {BADGE} (paste it there: typing is too slow for a badge reader)
  Paper comes out in             {short(system.paper, root)}
  Logs are in                    {settings.parent / "logs"}

For the Azure CLI, and any other storage client, the connection string is

{export} AZURE_STORAGE_CONNECTION_STRING="{system.connection_string}"
"""


def python_here() -> str:
    """The Python of this checkout's environment, as a person at its root types it."""
    return ".venv\\Scripts\\python" if os.name == "nt" else ".venv/bin/python"


def short(path: Path, root: Path) -> Path:
    """The path as a person at `root` types it."""
    return path.relative_to(root) if path.is_relative_to(root) else path
