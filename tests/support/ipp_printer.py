"""A real IPP Everywhere printer for tests: `ippeveprinter` of the CUPS project, with what it needs to run."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.debian import debian_program

START_SECONDS = 30.0
_DBUS_SOCKET = Path("/run/dbus/system_bus_socket")
_AVAHI_SOCKET = Path("/run/avahi-daemon/socket")

# Stands for the print mechanism: writes down what the printer was told, and takes as long as the test wants.
_PRINT_COMMAND = """#!/bin/sh
env | grep '^IPP_' | sort > "{folder}/attributes-$(basename "$1").txt"
while [ -e "{folder}/hold" ]; do sleep 0.05; done
exit 0
"""


@dataclass(frozen=True, slots=True)
class RealPrinter:
    """A running printer: its address, the folder where it keeps what it received, and its port."""

    uri: str
    port: int
    spool: Path
    folder: Path

    def received(self) -> list[bytes]:
        """The documents that arrived, in the order of the printer's job ids."""
        return [path.read_bytes() for path in self._documents()]

    def received_sizes(self) -> list[int]:
        """Their sizes in bytes."""
        return [path.stat().st_size for path in self._documents()]

    def _documents(self) -> list[Path]:
        # The output of the print command lies there too.
        files = [path for path in self.spool.iterdir() if path.is_file() and path.suffix != ".prn"]
        return sorted(files, key=lambda path: int(path.name.partition("-")[0]))

    def told(self) -> list[dict[str, str]]:
        """The attributes that the print command got with each job, named as in `IPP_COPIES`."""
        pages = [path.read_text() for path in sorted(self.folder.glob("attributes-*.txt"))]
        return [dict(line.split("=", 1) for line in page.splitlines() if "=" in line) for page in pages]

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it lasts, a job that began does not end."""
        mark = self.folder / "hold"
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)


@contextmanager
def real_printer(folder: Path, *options: str) -> Iterator[RealPrinter]:
    """Run `ippeveprinter` with `options` in `folder`, and the system bus and Avahi unless they run already.

    Skips the test where the Debian packages can neither be found nor installed.
    """
    program = debian_program("ippeveprinter", "cups-ipp-utils")
    spool = folder / "spool"
    spool.mkdir()
    command = folder / "print-command"
    command.write_text(_PRINT_COMMAND.format(folder=folder))
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    arguments = ["-r", "off", "-k", "-v", "-n", "localhost", "-p", str(port), "-d", str(spool), "-c", str(command)]
    with _services(), (folder / "printer.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *arguments, *options, "Test printer"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            _wait_for(lambda: _listens(port), process, folder / "printer.log")
            yield RealPrinter(f"ipp://localhost:{port}/ipp/print", port, spool, folder)
        finally:
            _stop(process)


@contextmanager
def _services() -> Iterator[None]:
    """Ippeveprinter asks Avahi even when it announces nothing, and Avahi needs the system bus."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        if not _answers(_DBUS_SOCKET):
            _DBUS_SOCKET.parent.mkdir(parents=True, exist_ok=True)
            Path("/run/dbus/pid").unlink(missing_ok=True)
            bus = debian_program("dbus-daemon", "dbus")
            started.append(_start([bus, "--system", "--nofork", "--nopidfile"]))
            _wait_for(lambda: _answers(_DBUS_SOCKET), started[-1])
        if not _answers(_AVAHI_SOCKET):
            avahi = debian_program("avahi-daemon", "avahi-daemon")
            started.append(_start([avahi, "--no-drop-root", "--no-rlimits", "--no-chroot"]))
            _wait_for(lambda: _answers(_AVAHI_SOCKET), started[-1])
        yield
    finally:
        for process in reversed(started):
            _stop(process)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        return True
    return False


def _wait_for(condition: object, process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    assert callable(condition)
    end = time.monotonic() + START_SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            said = re.sub(r"\s+", " ", log.read_text(errors="replace"))[-500:] if log else ""
            raise RuntimeError(f"{process.args!r} did not start: {said or os.strerror(process.returncode or 0)}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
