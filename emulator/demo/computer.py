"""`python -m emulator.demo.computer PERSON SHARE FILE`: prints as a person's computer does, on the emulated tenant."""

from __future__ import annotations

import argparse
import base64
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from emulator.functions_host.__main__ import read_settings
from emulator.functions_host.errors import StartError

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_SECONDS = 60.0
_NEEDS = ("GRAPH_CA_BUNDLE", "GRAPH_AUTHORITY")
_TYPES = {
    ".pdf": "application/pdf",
    ".oxps": "application/oxps",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".pwg": "image/pwg-raster",
}


def main() -> int:
    """Print; 0 when the job was taken, 1 with the reason when not."""
    parser = argparse.ArgumentParser(prog="python -m emulator.demo.computer", description=__doc__)
    parser.add_argument("person", metavar="PERSON", help="a user name")
    parser.add_argument("share", metavar="SHARE", help="the name of a printer share")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--settings", type=Path, default=ROOT / "local.settings.json", help="of the app beside it")
    options = parser.parse_args()
    try:
        values = read_settings(options.settings, ROOT)
        print_as(values, options.person, options.share, options.file)
    except (StartError, OSError, ValueError, httpx.HTTPError) as error:
        sys.stderr.write(f"Nothing was printed: {error}\n")
        return 1
    sys.stdout.write(f"{options.person} has printed {options.file.name} to {options.share}.\n")
    return 0


def print_as(values: Mapping[str, str], person: str, share: str, file: Path) -> None:
    """Print a file to a share of the tenant that the settings name. Raises OSError, HTTPError, ValueError."""
    if not all(values.get(name) for name in _NEEDS):
        raise ValueError("these are not settings of `dev.py run --empty`; name them with `--settings`")
    content_type = _TYPES.get(file.suffix.lower())
    if content_type is None:
        raise ValueError(f"{file.name} has none of the extensions {', '.join(_TYPES)}")
    body = {
        "user": person,
        "share": share,
        "documentName": file.name,
        "contentType": content_type,
        "contentBase64": base64.b64encode(file.read_bytes()).decode(),
    }
    context = ssl.create_default_context(cafile=values["GRAPH_CA_BUNDLE"])
    address = f"{values['GRAPH_AUTHORITY'].rstrip('/')}/emulator/print"
    answer = httpx.post(address, json=body, verify=context, timeout=TIMEOUT_SECONDS)
    if not answer.is_success:
        raise ValueError(answer.text)


if __name__ == "__main__":
    sys.exit(main())
