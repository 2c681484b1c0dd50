"""`python -m emulator.demo.computer PERSON SHARE FILE`: prints as a person's computer does, on the emulated tenant."""

from __future__ import annotations

import argparse
import base64
import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_SECONDS = 60.0
_TYPES = {".pdf": "application/pdf", ".oxps": "application/oxps", ".jpg": "image/jpeg", ".pwg": "image/pwg-raster"}


def main() -> int:
    """Print; 0 when the job was taken, 1 with the reason when not."""
    parser = argparse.ArgumentParser(prog="python -m emulator.demo.computer", description=__doc__)
    parser.add_argument("person", metavar="PERSON", help="a user name")
    parser.add_argument("share", metavar="SHARE", help="the name of a printer share")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--settings", type=Path, default=ROOT / "local.settings.json", help="of the app beside it")
    options = parser.parse_args()
    try:
        values: Mapping[str, str] = json.loads(options.settings.read_text("utf-8"))["Values"]
        print_as(values, options.person, options.share, options.file)
    except (OSError, ValueError, KeyError, httpx.HTTPError) as error:
        sys.stderr.write(f"Nothing was printed: {error}\n")
        return 1
    sys.stdout.write(f"{options.person} has printed {options.file.name} to {options.share}.\n")
    return 0


def print_as(values: Mapping[str, str], person: str, share: str, file: Path) -> None:
    """Print a file to a share of the tenant that the settings name. Raises OSError, HTTPError, KeyError, ValueError."""
    body = {
        "user": person,
        "share": share,
        "documentName": file.name,
        "contentType": _TYPES.get(file.suffix.lower(), "application/pdf"),
        "contentBase64": base64.b64encode(file.read_bytes()).decode(),
    }
    context = ssl.create_default_context(cafile=values["GRAPH_CA_BUNDLE"])
    address = f"{values['GRAPH_AUTHORITY'].rstrip('/')}/emulator/print"
    answer = httpx.post(address, json=body, verify=context, timeout=TIMEOUT_SECONDS)
    if not answer.is_success:
        raise ValueError(answer.text)


if __name__ == "__main__":
    sys.exit(main())
