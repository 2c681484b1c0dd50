"""The host as a process: its ready line, what it says of a broken app, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from emulator.azurite import StorageAccount
from tests.support.other_app import APP, settings_of

ROOT = Path(__file__).resolve().parent.parent.parent
HELLO = """
import azure.functions as func

app = func.FunctionApp()


@app.route(route="hello", auth_level=func.AuthLevel.ANONYMOUS)
def hello(req: func.HttpRequest) -> str:
    return "hello"
"""


def start(app: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "emulator.functions_host", "--app", str(app), "--port", "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def app_of(folder: Path, source: str | None, host: str = '{"version": "2.0"}') -> Path:
    (folder / "host.json").write_text(host)
    if source is not None:
        (folder / "function_app.py").write_text(source)
    (folder / "settings.json").write_text('{"Values": {"AzureWebJobsStorage": ""}}')
    return folder


def failure(app: Path) -> str:
    process = start(app, "--settings", str(app / "settings.json"))
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    return errors


@pytest.mark.parametrize("signal", ["terminate", "kill"])
def test_it_says_when_it_is_ready_and_its_workers_end_with_it(
    storage_account: StorageAccount, tmp_path: Path, signal: str
) -> None:
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": settings_of(storage_account)}))
    process = start(APP, "--settings", str(settings), "--key", "the-key")
    try:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        assert ready["masterKey"] == "the-key"
        assert {"bill", "close", "develop", "item"} <= set(ready["functions"])
        answer = httpx.get(f"{ready['url']}/shop/private", headers={"x-functions-key": "the-key"}, trust_env=False)
        assert answer.text.startswith("hello, pid ")
        workers = psutil.Process(process.pid).children()
        assert [worker.pid for worker in workers] == [int(answer.text.split()[-1])]
    finally:
        getattr(process, signal)()
        process.communicate(timeout=60)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    if signal == "terminate" and sys.platform != "win32":
        assert process.returncode == 0


def test_an_error_of_the_app_is_shown_where_it_is(tmp_path: Path) -> None:
    errors = failure(app_of(tmp_path, "import azure.functions as func\n\n\nprice = 1 / 0\n"))
    assert 'function_app.py", line 4' in errors
    assert "ZeroDivisionError: division by zero" in errors
    assert errors.rstrip().splitlines()[-1].startswith(f"The app in {tmp_path} cannot be loaded: ZeroDivisionError")


@pytest.mark.parametrize(
    ("source", "host", "said"),
    [
        (None, '{"version": "2.0"}', "function_app.py is missing"),
        ("x = 1\n", '{"version": "2.0"}', "Could not find top level function app instances"),
        (HELLO + "again = func.FunctionApp()\n", '{"version": "2.0"}', "More than one FunctionApp"),
        (HELLO, '{"version": "1.0"}', '"version": "2.0"'),
        ("import os\nos._exit(3)\n", '{"version": "2.0"}', "ended with code 3 while it indexed"),
        ("import shared.names\n", '{"version": "2.0"}', "No module named 'shared'"),
        (
            HELLO + "@app.event_grid_trigger(arg_name='e')\ndef grid(e: func.EventGridEvent): pass\n",
            '{"version": "2.0"}',
            "the function grid has a eventGridTrigger",
        ),
        (
            HELLO + "@app.timer_trigger(arg_name='t', schedule='soon')\ndef tick(t: func.TimerRequest): pass\n",
            '{"version": "2.0"}',
            "the schedule of tick cannot be used",
        ),
        (
            HELLO + "@app.queue_trigger(arg_name='m', queue_name='q', connection='X')\ndef q(m: str): pass\n",
            '{"version": "2.0"}',
            "the function q needs the setting AzureWebJobsStorage",
        ),
    ],
)
def test_what_is_wrong_with_an_app_is_said(tmp_path: Path, source: str | None, host: str, said: str) -> None:
    assert said in failure(app_of(tmp_path, source, host))


def test_a_package_that_requirements_do_not_name_is_missing(tmp_path: Path) -> None:
    looks = "import importlib.util\nassert importlib.util.find_spec('psutil') is None\n"
    app = app_of(tmp_path, looks + "import psutil\n" + HELLO)
    (app / "requirements.txt").write_text("azure-functions\n")
    errors = failure(app)
    assert "ModuleNotFoundError: No module named 'psutil'" in errors
    assert errors.rstrip().endswith("psutil is installed here, but requirements.txt lacks its package")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    process = start(app_of(tmp_path, HELLO), "--settings", str(tmp_path / "settings.json"))
    assert process.stdout
    try:
        port = json.loads(process.stdout.readline())["url"].rpartition(":")[2]
        second = start(tmp_path, "--settings", str(tmp_path / "settings.json"), "--port", port)
        _, errors = second.communicate(timeout=60)
        assert f"the port {port} cannot be listened on" in errors
        assert second.returncode == 1
    finally:
        process.terminate()
        process.communicate(timeout=60)
