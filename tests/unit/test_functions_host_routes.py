"""Route templates match what ASP.NET would match."""

from __future__ import annotations

import json

import pytest

from emulator.functions_host.errors import StartError
from emulator.functions_host.functions import Function
from emulator.functions_host.http_front import find_route, routes_of
from emulator.functions_host.routes import parse_template


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("a/b", "A/B", {}),
        ("a/b", "a/b/", {}),
        ("a/b", "a", None),
        ("a/{id}", "a/x%20y", {"id": "x y"}),
        ("a/{id}", "a/x%2Fy", {"id": "x%2Fy"}),
        ("a/{id}", "a/", None),
        ("a/{id?}", "a", {}),
        ("a/{id=7}", "a", {"id": "7"}),
        ("a/{id:int}", "a/-12", {"id": "-12"}),
        ("a/{id:int}", "a/2147483648", None),
        ("a/{id:long}", "a/2147483648", {"id": "2147483648"}),
        ("a/{id:int:min(3)}", "a/2", None),
        ("a/{id:range(3,5)}", "a/5", {"id": "5"}),
        ("a/{id:guid}", "a/01234567-89ab-cdef-0123-456789abcdef", {"id": "01234567-89ab-cdef-0123-456789abcdef"}),
        ("a/{id:guid}", "a/0123", None),
        ("a/{id:bool}", "a/True", {"id": "True"}),
        ("a/{id:alpha}", "a/x1", None),
        ("a/{id:length(2,3)}", "a/xyz", {"id": "xyz"}),
        ("a/{id:regex(^x[0-9]$)}", "a/y", None),
        ("a/{id:regex(^x.y$)}", "a/x/y", None),
        ("a/{id:regex(^x\\d{{2}}$)}", "a/x12", {"id": "x12"}),
        ("a/{*rest}", "a", {"rest": ""}),
        ("a/{*rest}", "a/b/c%20d/e", {"rest": "b/c d/e"}),
        ("a/{**rest}", "a/b/c", {"rest": "b/c"}),
        ("a/{name}.{kind}", "a/photo.jpg", {"name": "photo", "kind": "jpg"}),
        ("a/{name}.{kind}", "a/photo", None),
        ("", "", {}),
        ("{*rest}", "", {"rest": ""}),
    ],
)
def test_a_template_matches(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert parse_template(template).match(path) == expected


@pytest.mark.parametrize("template", ["a//b", "a/{id", "a/id}", "a/{id:odd}", "a/{*rest}/b", "a/x{*rest}", "a/{1}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(StartError):
        parse_template(template)


def function(name: str, route: str | None, *methods: str) -> Function:
    trigger = {"type": "httpTrigger", "name": "req", "route": route, "methods": list(methods)}
    return Function(name, name, json.loads(json.dumps(trigger)), [], None, disabled=False)


def test_the_most_exact_route_wins_whatever_the_order() -> None:
    functions = [
        function("rest", "a/{*rest}"),
        function("any", "a/{id}"),
        function("number", "a/{id:int}"),
        function("mixed", "a/{id}.txt"),
        function("exact", "a/me"),
    ]
    routes = routes_of(functions, "api")
    found = {path: find_route(routes, "GET", f"api/{path}") for path in ("a/me", "a/7", "a/x", "a/x.txt", "a/x/y")}
    assert {path: hit[0].function.name for path, hit in found.items() if hit} == {
        "a/me": "exact",
        "a/7": "number",
        "a/x": "any",
        "a/x.txt": "mixed",
        "a/x/y": "rest",
    }


def test_methods_are_part_of_the_route() -> None:
    routes = routes_of([function("read", "a", "get"), function("write", "a", "post", "put")], "api")
    found = {method: find_route(routes, method, "api/a") for method in ("GET", "PUT", "DELETE")}
    assert {method: hit and hit[0].function.name for method, hit in found.items()} == {
        "GET": "read",
        "PUT": "write",
        "DELETE": None,
    }


def test_a_function_without_a_route_is_reached_by_its_name() -> None:
    assert find_route(routes_of([function("hello", None)], ""), "GET", "HELLO")


@pytest.mark.parametrize(
    ("functions", "prefix"),
    [
        ([function("one", "admin/x")], ""),
        ([function("one", "Runtime")], ""),
        ([function("one", "a", "get"), function("two", "A")], "api"),
    ],
)
def test_routes_that_the_host_refuses(functions: list[Function], prefix: str) -> None:
    with pytest.raises(StartError, match="the route of"):
        routes_of(functions, prefix)


def test_the_prefix_makes_room_for_a_route_of_the_hosts_name() -> None:
    assert routes_of([function("one", "admin/x")], "api")
