"""Settings are put into a local.settings.json, and nothing else in it changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from printops.app_options import COMMAND_LINE_TOOLS, Cloud, target
from printops.local_settings import SettingsFileUnusable, check_writable, put
from shared.directory.wanted import DirectoryProblem
from shared.errors import SettingsError

CLIENT = "01234567-89ab-cdef-0123-456789abcdef"


def write(file: Path, document: object) -> Path:
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_a_setting_is_put_beside_what_is_there(tmp_path: Path) -> None:
    document = {"IsEncrypted": False, "Values": {"A": "1", "GRAPH_CLIENT_ID": "<id>"}, "Host": {"CORS": "*"}}
    file = write(tmp_path / "local.settings.json", document)
    put(file, {"GRAPH_CLIENT_ID": "new", "B": "2"})
    after = json.loads(file.read_text("utf-8"))
    assert after == {**document, "Values": {"A": "1", "GRAPH_CLIENT_ID": "new", "B": "2"}}
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "local.settings.json"
    put(file, {"GRAPH_CLIENT_SECRET": "s"})
    assert json.loads(file.read_text("utf-8")) == {"IsEncrypted": False, "Values": {"GRAPH_CLIENT_SECRET": "s"}}
    assert file.stat().st_mode & 0o077 == 0


def test_a_secret_is_put_where_nobody_else_can_read_it(tmp_path: Path) -> None:
    file = write(tmp_path / "local.settings.json", {"Values": {}})
    file.chmod(0o664)
    (tmp_path / "elsewhere").touch(0o666)
    (tmp_path / ".local.settings.json.new").symlink_to(tmp_path / "elsewhere")
    put(file, {"GRAPH_CLIENT_SECRET": "s"})
    assert (file.is_symlink(), file.stat().st_mode & 0o777) == (False, 0o600)
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_a_file_that_is_elsewhere_stays_there(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    file = write(tmp_path / "kept" / "settings.json", {"Values": {}})
    link = tmp_path / "local.settings.json"
    link.symlink_to(file)
    put(link, {"A": "1"})
    assert (link.is_symlink(), json.loads(file.read_text("utf-8"))["Values"]) == (True, {"A": "1"})


def test_what_could_not_be_written_leaves_no_secret_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "local.settings.json", {"Values": {}})

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(SettingsFileUnusable):
        put(file, {"GRAPH_CLIENT_SECRET": "s"})
    assert list(tmp_path.iterdir()) == [file]


def test_it_is_the_folder_that_must_take_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").mkdir()
    file = write(tmp_path / "kept" / "settings.json", {"Values": {}})
    link = tmp_path / "local.settings.json"
    link.symlink_to(file)
    # The one who runs the tests may be root, who may do anything.
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path / "kept")
    for one in (file, link, tmp_path / "kept" / "new.json"):
        with pytest.raises(SettingsFileUnusable, match=r"you may not make files in .*kept"):
            check_writable(one)
    check_writable(tmp_path / "new.json")


@pytest.mark.parametrize("document", [[], {"Values": []}, {"IsEncrypted": True, "Values": {}}])
def test_a_file_of_another_kind_is_left_as_it_is(tmp_path: Path, document: object) -> None:
    file = write(tmp_path / "other.json", document)
    for act in (check_writable, lambda path: put(path, {"A": "1"})):
        with pytest.raises(SettingsFileUnusable):
            act(file)
    assert json.loads(file.read_text("utf-8")) == document


def test_the_tenant_is_all_that_is_needed_and_the_examples_words_name_nothing(tmp_path: Path) -> None:
    example = {"Values": {"GRAPH_TENANT_ID": "<tenant>", "GRAPH_CLIENT_ID": "<client>", "PRINT_ACCOUNTS": "<names>"}}
    file = write(tmp_path / "local.settings.json", example)
    found = target(file, tenant="contoso.com", cloud=None, app_id="", name="", sign_in_client="")
    assert (found.client_id, found.name) == (None, "Universal Print Functions")
    assert (found.settings.graph_client_id, found.settings.graph_tenant_id) == (COMMAND_LINE_TOOLS, "contoso.com")
    with pytest.raises(SettingsError, match="GRAPH_TENANT_ID"):
        target(file, tenant="", cloud=None, app_id="", name="", sign_in_client="")


def test_an_app_is_named_by_the_option_then_by_name_then_by_the_setting(tmp_path: Path) -> None:
    file = write(tmp_path / "local.settings.json", {"Values": {"GRAPH_CLIENT_ID": CLIENT.upper()}})

    def client_id(**changes: str) -> str | None:
        options = {"app_id": "", "name": "", **changes}
        return target(file, tenant="contoso.com", cloud=None, sign_in_client="", **options).client_id

    assert client_id() == CLIENT
    assert client_id(name="Another") is None
    assert client_id(app_id=COMMAND_LINE_TOOLS) == COMMAND_LINE_TOOLS
    with pytest.raises(DirectoryProblem, match="--app-id"):
        client_id(app_id="print")


def test_a_cloud_brings_both_addresses(tmp_path: Path) -> None:
    file = write(tmp_path / "local.settings.json", {"Values": {"GRAPH_AUTHORITY": "https://login.microsoftonline.com"}})
    found = target(file, tenant="contoso.us", cloud=Cloud.US_DOD, app_id="", name="", sign_in_client="")
    addresses = (found.settings.graph_base_url, found.settings.graph_authority)
    assert addresses == ("https://dod-graph.microsoft.us/v1.0", "https://login.microsoftonline.us")
