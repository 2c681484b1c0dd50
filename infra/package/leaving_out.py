"""What of the installed packages is not deployed, each by a rule with its reason. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

# Pattern of a path below site-packages, and why nothing at run time needs it.
RULES: tuple[tuple[str, str], ...] = (
    ("*.pyi", "types are for checkers"),
    ("py.typed", "types are for checkers"),
    ("*.pyx", "the source of a compiled module"),
    ("*.pxd", "the source of a compiled module"),
    ("*.pxi", "the source of a compiled module"),
    ("*.c", "the source of a compiled module"),
    ("*.h", "the source of a compiled module"),
    ("*.hash", "the source of a compiled module"),
    ("*.pth", "no site module reads the folder"),
    ("bin/*", "command lines of packages are not run"),
    ("*/tests/*", "tests of packages"),
    ("*/test/*", "tests of packages"),
    ("*.dist-info/RECORD", "nothing is uninstalled"),
    ("*.dist-info/INSTALLER", "nothing is uninstalled"),
    ("*.dist-info/REQUESTED", "nothing is uninstalled"),
    ("*.dist-info/direct_url.json", "nothing is uninstalled"),
    ("*.dist-info/sboms/*", "the package has a bill of materials of its own"),
    ("pycparser/*", "cffi reads C declarations only when a module is built"),
    ("pycparser-*/*", "cffi reads C declarations only when a module is built"),
    (".lock", "left by the installer"),
)


def reason_to_leave_out(path: PurePosixPath) -> str | None:
    """Why a file below site-packages is not deployed; None where it is."""
    text = path.as_posix()
    for pattern, reason in RULES:
        if fnmatchcase(text, pattern) or fnmatchcase(path.name, pattern):
            return reason
    return None
