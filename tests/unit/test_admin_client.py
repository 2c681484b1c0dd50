"""What leaves the process for an administrator and for the app itself, what is repeated, and what is never sent."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from kiota_abstractions.request_information import RequestInformation

from emulator.universal_print.graph.operations import OPERATIONS
from shared.bounds import Bounds
from shared.errors import GraphError, NoReply
from shared.graph.adapter import AccountAuthentication
from shared.graph.admin_client import AdminClient, RegistrationFailed, denial
from shared.graph.admin_permissions import NEEDS, lacking, least_permissions
from shared.graph.app_client import AppClient
from shared.graph.application_calls import ApplicationCalls
from shared.graph.printer_changes import By, ChangeRefused, check_printer_changes, who_may_change

ROOT = "https://graph.example/v1.0"
LOST = httpx.ReadTimeout("no answer")
OPERATION = {"Operation-Location": f"{ROOT}/print/operations/o1", "Retry-After": "7"}


class Tokens:
    """One token for everything."""

    async def access_token(self) -> str:
        return "token"

    def invalidate(self) -> None: ...


class Graph:
    """Answers in turn. `sent` are the requests, `slept` the waits between them."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.sent: list[httpx.Request] = []
        self.slept: list[float] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        calls = ApplicationCalls(ROOT, self.http, Tokens(), bounds=Bounds(), sleep=self._sleep, random=lambda: 0.5)
        self.admin = AdminClient(calls, sleep=self._sleep)
        self.app = AppClient(calls)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def operation(state: str, **more: Any) -> httpx.Response:
    headers = {"Retry-After": "9"} if state == "running" else {}
    return httpx.Response(200, json={"status": {"state": state, "description": ""}, **more}, headers=headers)


async def test_a_registration_is_looked_at_when_each_answer_says_so() -> None:
    graph = Graph(
        httpx.Response(202, headers=OPERATION), operation("running"), operation("succeeded", printer={"id": "p1"})
    )
    assert await graph.admin.create_printer("Follow Me", "Contoso", "Virtual") == {"id": "p1"}
    assert graph.slept == [7.0, 9.0]
    body = json.loads(graph.sent[0].content)
    assert (body["hasPhysicalDevice"], body["physicalDeviceId"]) == (False, None)
    assert "-----" not in body["certificateSigningRequest"]["content"]
    assert graph.sent[1].url.path == "/v1.0/print/operations/o1"


async def test_a_registration_whose_answer_was_lost_is_not_sent_again() -> None:
    graph = Graph(LOST)
    with pytest.raises(NoReply):
        await graph.admin.create_printer("Follow Me", "Contoso", "Virtual")
    assert len(graph.sent) == 1


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((httpx.Response(202),), "named no operation"),
        ((httpx.Response(202, headers=OPERATION), operation("running")), "is not registered after"),
        ((httpx.Response(202, headers=OPERATION), operation("failed")), "did not register"),
    ],
)
async def test_a_registration_that_does_not_end_well_says_how(answers: tuple[httpx.Response, ...], words: str) -> None:
    with pytest.raises(RegistrationFailed, match=words):
        await Graph(*answers).admin.create_printer("Follow Me", "Contoso", "Virtual")


async def test_a_share_is_made_once_and_a_change_is_repeated_after_a_lost_answer() -> None:
    made = Graph(LOST)
    with pytest.raises(NoReply):
        await made.admin.create_share("p1", "Hall")
    assert len(made.sent) == 1
    changed = Graph(LOST, httpx.Response(200, json={"id": "s1"}))
    await changed.admin.swap_printer("s1", "p 2")
    bodies = [json.loads(request.content) for request in changed.sent]
    assert bodies == [{"printer@odata.bind": f"{ROOT}/print/printers/p%202"}] * 2


async def test_a_list_is_read_to_its_end_and_the_token_stays_with_graph() -> None:
    first = httpx.Response(200, json={"value": [{"id": "1"}], "@odata.nextLink": f"{ROOT}/print/printers?$skiptoken=x"})
    graph = Graph(first, httpx.Response(200, json={"value": [{"id": "2"}]}))
    assert [printer["id"] for printer in await graph.admin.printers()] == ["1", "2"]
    for elsewhere in ("https://elsewhere.example/x", f"{ROOT.replace('https:', 'http:')}/print/printers"):
        foreign = Graph(httpx.Response(200, json={"value": [], "@odata.nextLink": elsewhere}))
        with pytest.raises(GraphError, match="another host"):
            await foreign.admin.printers()
        assert len(foreign.sent) == 1


@pytest.mark.parametrize(
    ("address", "goes_along"),
    [
        (f"{ROOT}/print", True),
        (f"{ROOT.replace('https:', 'http:')}/print", False),
        ("https://elsewhere.example", False),
    ],
)
async def test_an_accounts_token_goes_to_graph_alone_and_never_in_clear(address: str, goes_along: bool) -> None:
    class Accounts:
        async def access_token(self, _account: str) -> str:
            return "t"

        def invalidate(self, _account: str) -> None: ...

    request = RequestInformation()
    request.url = address
    await AccountAuthentication(ROOT, "print1@contoso.com", Accounts()).authenticate_request(request)
    assert bool(request.headers.try_get("Authorization")) is goes_along


async def test_a_groups_name_cannot_leave_the_filter() -> None:
    graph = Graph(httpx.Response(200, json={"value": []}))
    await graph.admin.find_group("O'Brien & sons")
    assert graph.sent[0].url.params["$filter"] == "displayName eq 'O''Brien & sons'"


@pytest.mark.parametrize("name", ["capabilities", "manufacturer", "status", "isShared", "name", "unheardOf"])
async def test_an_administrator_sends_no_property_that_is_not_his(name: str) -> None:
    graph = Graph(httpx.Response(200, json={}))
    with pytest.raises(ChangeRefused, match=name):
        await graph.admin.update_printer("p1", {"displayName": "x", name: None})
    assert graph.sent == []


async def test_the_app_sends_no_location_and_no_attributes_with_a_header() -> None:
    graph = Graph(httpx.Response(204))
    with pytest.raises(ChangeRefused, match="--as administrator"):
        await graph.app.update_virtual_printer("p1", {"location": {}})
    for group in (b"", b"\x04", b"\x02\x00\x00\x00"):
        with pytest.raises(ChangeRefused, match="no IPP header"):
            await graph.app.send_attributes("p1", group)
    assert graph.sent == []
    await graph.app.send_attributes("p1", b"\x04\x21\x00\x01a\x00\x04\x00\x00\x00\x01")
    assert graph.sent[0].headers["content-type"] == "application/ipp"


def test_whoever_may_make_all_of_a_change_makes_it() -> None:
    assert who_may_change(["displayName", "location"]) is By.ADMINISTRATOR
    assert who_may_change(["displayName", "model"]) is By.APPLICATION
    with pytest.raises(ChangeRefused, match="once for each"):
        who_may_change(["location", "model"])
    with pytest.raises(ChangeRefused, match="nothing to change"):
        check_printer_changes({}, By.APPLICATION)


# AdminClient's names of operations, and the emulator's, whose permissions are Microsoft's.
EMULATED = {
    "list printers": "listPrinters",
    "get printer": "getPrinter",
    "create printer": "createPrinter",
    "get operation": "getOperation",
    "update printer": "updatePrinter",
    "restore factory defaults": "restorePrinterFactoryDefaults",
    "delete printer": "deletePrinter",
    "list printer shares": "listPrinterShares",
    "list shares": "listShares",
    "get share": "getShare",
    "create share": "createShare",
    "update share": "updateShare",
    "delete share": "deleteShare",
    "list allowed users": "listShareAllowedUsers",
    "list allowed groups": "listShareAllowedGroups",
    "allow user": "addShareAllowedUser",
    "allow group": "addShareAllowedGroup",
    "disallow user": "removeShareAllowedUser",
    "disallow group": "removeShareAllowedGroup",
    "list task triggers": "listTaskTriggers",
    "create task trigger": "createTaskTrigger",
    "delete task trigger": "deleteTaskTrigger",
    "get settings": "getSettings",
    "update settings": "updateSettings",
    "find group": "listGroups",
}


@pytest.mark.parametrize(("name", "emulated"), EMULATED.items())
def test_what_an_operation_is_said_to_need_is_what_it_needs(name: str, emulated: str) -> None:
    row = next(row for row in OPERATIONS if row.name == emulated)
    assert set(NEEDS[name].permissions) <= set(row.delegated)
    assert set(NEEDS[name].also) <= set(row.delegated_also)


def test_a_sign_in_asks_for_nothing_that_another_permission_covers() -> None:
    assert least_permissions(["list printers", "update printer", "delete printer"]) == ("Printer.FullControl.All",)
    assert least_permissions(["create printer", "get operation"]) == ("Printer.Create",)


def test_a_refusal_names_the_permission_first_and_else_the_role() -> None:
    assert lacking("delete printer", ["printer.readwrite.all"]) == ("Printer.FullControl.All",)
    assert denial("delete printer", ["Printer.ReadWrite.All"]) == "The sign-in lacks Printer.FullControl.All."
    assert "role Printer Administrator" in denial("delete printer", ["Printer.FullControl.All"])
    assert "another app registration" in denial("create task trigger", None)
