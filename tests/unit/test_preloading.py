"""What a worker loads ahead while it is idle, when that begins, and that clients are made at their first use alone."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

import shared.services
from shared import preloading
from shared.accounts import authority
from shared.accounts.authority import new_cache, public_client
from shared.deferred import deferred
from shared.errors import SettingsError
from shared.settings import load_settings
from shared.trust import trust
from tests.support.certificates import self_signed
from tests.support.sign_in import KEY
from tests.unit.test_repository_imports import HEAVY, ROOT

SETTINGS = {
    "PrintStorage": "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=dGVzdA==;"
    "BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;",
    "GRAPH_TENANT_ID": "contoso.com",
    "GRAPH_CLIENT_ID": "01234567-89ab-cdef-0123-456789abcdef",
    "GRAPH_CLIENT_SECRET": "a secret",
    "PRINT_ACCOUNTS": "print1@contoso.com",
    "TOKEN_CACHE_KEY": KEY,
    "KIOSK_KEY": KEY,
}
# Loaded by reports alone.
NOT_AHEAD = {"jinja2", "pygal"}


def ran(program: str, **more: str) -> Any:
    """What a fresh interpreter prints as JSON."""
    command = [sys.executable, "-c", program]
    environment = {**os.environ, **SETTINGS, **more}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_tap_makes_no_client_of_graph_and_of_queues() -> None:
    program = """
import asyncio, json, sys
async def opened():
    from shared.kiosk import http
    await http.kiosk_services()
asyncio.run(opened())
print(json.dumps(sorted(sys.modules)))
"""
    loaded = set(ran(program))
    assert {"azure.storage", "shared.kiosk.tapping"} <= loaded
    assert {
        "httpx",
        "msal",
        "msgraph",
        "azure.identity",
        "azure.storage.queue",
        "shared.kiosk.acting",
    } & loaded == set()


def test_what_is_loaded_ahead_is_all_that_a_tap_a_release_and_a_print_import() -> None:
    program = """
import asyncio, json, logging, sys
import function_app
at_start = set(sys.modules)
from shared import preloading
from shared.accounts import authority
preloading.REST_SECONDS = 0
logging.raiseExceptions = False
warned = []
preloading.logger.warning = lambda *words, **_: warned.append(str(words))
async def work():
    await preloading._preload()
    ahead = set(sys.modules)
    from shared.kiosk import acting, http
    from shared.kiosk.services import kiosk_services
    from shared.submission import job_watch, printing
    await kiosk_services()
    from shared.services import services
    base = await services()
    base.submissions.graph._new_http()
    from shared.graph.application import ApplicationAccess
    ApplicationAccess(base.settings, base.submissions.uploads)._make()
    from shared.graph.adapter import service_client
    graph = service_client("https://graph.microsoft.com/v1.0", base.http, "print1@contoso.com", None)
    job = graph.print.shares.by_printer_share_id("s").jobs.by_print_job_id("j")
    job.documents.by_print_document_id("d").create_upload_session
    from msgraph.generated.models.print_job import PrintJob
    tops = {name.partition(".")[0] for name in set(sys.modules) - ahead}
    return sorted(ahead), sorted(tops - {"shared", "msgraph"}), warned, sorted(at_start)
print(json.dumps(asyncio.run(work())))
"""
    ahead, later, warned, at_start = ran(program, PRELOAD_AFTER_SECONDS="0.001")
    assert HEAVY & set(at_start) == set()
    assert set(ahead) >= HEAVY - NOT_AHEAD
    assert later == []
    assert warned == []


async def test_loading_ahead_begins_when_the_loop_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    async def begin() -> None:
        begun.append("begun")

    monkeypatch.setattr(preloading, "_preload", begin)
    preloading.preload_when_idle()
    assert begun == []
    await asyncio.sleep(0)
    assert begun == ["begun"]


async def test_every_module_that_is_loaded_ahead_is_followed_by_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(importlib, "import_module", done.append)

    async def sleep(seconds: float) -> None:
        done.append(f"rest {seconds}")

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await preloading.preload(("not_there_1", "json", "not_there_2"), 0.25)
    assert done == ["not_there_1", "rest 0.25", "not_there_2", "rest 0.25"]


async def test_while_the_worker_has_other_work_nothing_more_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    # The processor time of the process before and after each rest: in the first two, something else took 5 ms.
    used = iter([1.0, 1.005, 1.005, 1.01, 1.01, 1.0101, 2.0, 2.0])
    monkeypatch.setattr(importlib, "import_module", done.append)
    monkeypatch.setattr(time, "process_time", lambda: next(used))

    async def sleep(_seconds: float) -> None:
        done.append("rest")

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await preloading.preload(("not_there_1", "not_there_2"), 0.25)
    assert done == ["not_there_1", "rest", "rest", "rest", "not_there_2", "rest"]


async def test_a_module_that_is_gone_does_not_keep_the_others_from_being_loaded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    real = importlib.import_module

    def load(name: str) -> Any:
        loaded.append(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", load)
    monkeypatch.delitem(sys.modules, "this", raising=False)
    await preloading.preload(("no_such_module_of_ours", "this"), 0)
    assert loaded == ["no_such_module_of_ours", "this"]
    assert "no_such_module_of_ours could not be loaded ahead" in caplog.text


async def test_a_module_that_breaks_keeps_no_other_from_being_loaded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(name: str) -> None:
        loaded.append(name)
        if name == "broken_module":
            raise AttributeError("module 'typing' has no attribute 'io'")

    monkeypatch.setattr(importlib, "import_module", load)
    await preloading.preload(("broken_module", "not_there"), 0)
    assert loaded == ["broken_module", "not_there"]
    assert "broken_module could not be loaded ahead" in caplog.text


def test_nothing_is_loaded_ahead_where_the_app_is_only_imported() -> None:
    assert (
        ran("import function_app, json; from shared import preloading; print(json.dumps(preloading._preloading))")
        is None
    )


async def test_settings_that_are_wrong_end_it_without_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("PrintStorage", raising=False)
    monkeypatch.setenv("PRINT_ACCOUNTS", "")
    await asyncio.wait_for(preloading._preload(), 5)
    assert caplog.text == ""


def test_what_is_deferred_is_made_once_and_at_its_first_use() -> None:
    made: list[str] = []

    def make() -> list[str]:
        made.append("made")
        return made

    stands_for = deferred(make)
    assert made == []
    stands_for.append("used")
    stands_for.append("again")
    assert made == ["made", "used", "again"]


def test_what_could_not_be_made_is_tried_again_at_the_next_use() -> None:
    answers: Iterator[OSError | str] = iter([OSError("not now"), "here"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    stands_for = deferred(make)
    with pytest.raises(OSError, match="not now"):
        stands_for.upper()
    assert stands_for.upper() == "HERE"


def test_one_trust_serves_every_client_of_the_process(tmp_path: Path) -> None:
    assert trust(None) is trust(None)
    with pytest.raises(SettingsError, match=r"GRAPH_CA_BUNDLE names .*not-there\.pem, which .* \(No such file"):
        trust(tmp_path / "not-there.pem")


async def test_a_bundle_that_cannot_be_read_is_told_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, opened = tmp_path / "bundle.pem", list[str]()
    bundle.write_text("no certificate", encoding="utf-8")
    # What was opened is closed by nobody, and every request would open it again.
    monkeypatch.setattr(shared.services, "open_storage", lambda *_: opened.append("storage"))
    async with AsyncExitStack() as stack:
        with pytest.raises(SettingsError, match="GRAPH_CA_BUNDLE"):
            await shared.services.open_services({**SETTINGS, "GRAPH_CA_BUNDLE": str(bundle)}, stack)
    assert opened == []


def test_what_requests_trusts_by_itself_is_trusted_by_no_other_client(tmp_path: Path) -> None:
    public, _ = self_signed()
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(public, encoding="utf-8")
    with authority._session(bundle, 1.0) as session:
        adapter = session.get_adapter("https://login.microsoftonline.com")
    context = adapter.poolmanager.connection_pool_kw["ssl_context"]  # type: ignore[attr-defined]
    # requests loads certificates into it at each connection, in a thread of its own.
    assert context is not trust(bundle)
    assert context.get_ca_certs() == trust(bundle).get_ca_certs()


def test_a_refresh_asks_the_authority_alone_for_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    asked: list[str] = []

    def send(_session: requests.Session, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        asked.append(str(request.url))
        answer = requests.Response()
        answer.status_code = 200
        address = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0"
        endpoints = {"authorization_endpoint": f"{address}/authorize", "token_endpoint": f"{address}/token"}
        answer._content = json.dumps({**endpoints, "issuer": address, "metadata": []}).encode()
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    with public_client(load_settings(SETTINGS), new_cache(None)) as application:
        application.get_accounts()
    assert asked == ["https://login.microsoftonline.com/contoso.com/v2.0/.well-known/openid-configuration"]
