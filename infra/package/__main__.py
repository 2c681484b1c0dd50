"""`python -m infra.package`, which `python dev.py package` runs: makes `dist/app` and `dist/app.zip`."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.package.archive import write_archive
from infra.package.assembling import Contents, PackageError, assemble

ROOT = Path(__file__).resolve().parent.parent.parent
MEGABYTE = 10**6
ZIP_BYTES = 20 * MEGABYTE
FOLDER_BYTES = 80 * MEGABYTE


def main() -> int:
    """Make the package and say what it weighs; 1 where it could not be made or is above its budget."""
    parser = argparse.ArgumentParser(prog="dev.py package", description="Build what is deployed to Azure.")
    parser.add_argument("--directory", type=Path, default=ROOT / "dist", help="where the package is put")
    parser.add_argument("--uv", default=shutil.which("uv"), help="the uv that installs the packages")
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 13) or not options.uv:
        sys.stderr.write("The package needs Python 3.13 and uv: use `python dev.py package`.\n")
        return 1
    directory: Path = options.directory
    directory.mkdir(parents=True, exist_ok=True)
    folder, archive = directory / "app", directory / "app.zip"
    try:
        # Beside the package: uv links files of its cache where it can, which is only within one disk.
        with TemporaryDirectory(prefix=".installed-", dir=directory, ignore_cleanup_errors=True) as work:
            contents = assemble(ROOT, options.uv, Path(work), folder)
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    write_archive(folder, archive)
    size = archive.stat().st_size
    sys.stdout.write(report(contents, size, hashlib.sha256(archive.read_bytes()).hexdigest()))
    return 0 if size <= ZIP_BYTES and contents.bytes <= FOLDER_BYTES else 1


def report(contents: Contents, size: int, digest: str) -> str:
    """What the package weighs, beside its budget."""
    installed, deployed = contents.installed_bytes / MEGABYTE, contents.bytes / MEGABYTE
    return (
        f"installed: {contents.installed_files:,} files, {installed:.1f} MB\n"
        f"deployed:  {contents.files:,} files, {deployed:.1f} MB (at most {FOLDER_BYTES // MEGABYTE})\n"
        f"zip:       {size / MEGABYTE:.1f} MB (at most {ZIP_BYTES // MEGABYTE}), sha256 {digest}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
