"""The reference for machines: valid OpenAPI 3.1, and about exactly the addresses that are served."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import jsonschema_rs
import pytest
import schemathesis
from aiohttp import web
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tasksys import codec
from tasksys.commands import Command
from tests.support.http import (
    COMMENT,
    ENTRY,
    EVENT,
    MEMBER,
    OUTCOME,
    PROBLEM,
    PROJECT,
    SECTION,
    TASK,
    WORKSPACE,
    Json,
    Site,
)  # fmt: skip
from views import pages
from views.openapi import document
from views.server import ROUTES

DOCUMENT: Final = json.loads(codec.encode_json(document(ROUTES)))
REFERENCE: Final = {
    "/api/openapi.json",
    "/api/docs",
    "/api/docs.css",
    "/api/problems/{code}",
    "/acknowledge",
    "/confirm",
}
"""What serves the reference is not in it, nor the page for those who follow a link in a mail."""
PAGES: Final = {"/", "/w/{address}", "/assets/{file}", "/favicon.ico", *(f"/{name}" for name in pages.AT_THE_ROOT)}
"""Nor what people see in a browser."""


def operations() -> list[tuple[str, str, Json]]:
    """Method, address and description of each operation."""
    return [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_served(site: Site) -> None:
    """What the server gives is the document of its routes, to anybody."""
    answer = await site.client().get("/api/openapi.json", headers={"Host": "elsewhere.example"})
    assert answer.ok == DOCUMENT


@pytest.mark.asyncio(loop_scope="module")
async def test_every_route_is_in_it_and_the_reverse(site: Site) -> None:
    """The document and the application's router agree on each method of each address."""
    app = site.server._runner._app
    assert isinstance(app, web.Application)
    routed = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert {(method, path) for method, path in routed if path not in REFERENCE | PAGES} == {
        (method, path) for method, path, _ in operations()
    }


def test_it_is_valid() -> None:
    """The OpenAPI Initiative's own schema of OpenAPI 3.1 finds nothing wrong with it."""
    validator = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(DOCUMENT)] == []
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_schema_in_it_is_valid() -> None:
    """Each is a schema of JSON Schema 2020-12."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert schema.get("description") or schema.get("properties") or schema.get("enum"), name
    for _, _, operation in operations():
        for parameter in operation["parameters"]:
            jsonschema_rs.meta.validate(parameter["schema"])


def references(part: Any) -> set[str]:
    """Everything that is referred to."""
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*(references(one) for one in part.values()))
    if isinstance(part, list):
        return set().union(*(references(one) for one in part))
    return set()


def component(reference: str) -> Any:
    """What is referred to."""
    _, _, part, name = reference.split("/")
    return DOCUMENT["components"][part][name]


def test_references_lead_somewhere() -> None:
    """Each one to a component, and each component is referred to."""
    components = {
        f"#/components/{part}/{name}" for part in ("schemas", "responses") for name in DOCUMENT["components"][part]
    }
    assert references(DOCUMENT) - components == set()
    used = references(DOCUMENT["paths"])
    while more := references([component(name) for name in used]) - used:
        used |= more
    bodies = {f"#/components/schemas/{kind.__name__}" for kind in Command.__args__}
    assert components - used <= bodies  # written out where an address says a part of them


def test_schemathesis_reads_it() -> None:
    """A tool that others use finds every operation, and no fault."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    found = [result.ok() for result in schema.get_all_operations()]
    assert {(one.method.upper(), one.path) for one in found} == {(method, path) for method, path, _ in operations()}


def test_operations_are_named() -> None:
    """Each has an id of its own, a summary, a tag, a description of its problems and its path's parameters."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, path, operation in operations():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
        assert operation["summary"]
        assert len(operation["tags"]) == 1
        assert set(operation["responses"]["default"]["content"]) == {"application/problem+json"}
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert len({(one["in"], one["name"]) for one in operation["parameters"]}) == len(operation["parameters"])


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("Workspace", WORKSPACE),
        ("Member", MEMBER),
        ("Section", SECTION),
        ("Project", PROJECT),
        ("Task", TASK),
        ("Comment", COMMENT),
        ("Event", EVENT | {"undoes"}),
        ("AuditEntry", ENTRY | {"undoes", "project"}),
        ("Outcome", OUTCOME | {"events_left_out", "events_after"}),
        ("Problem", PROBLEM | {"errors", "conflicts", "conflicts_left_out", "parameter", "position", "hint"}),
    ],
)
def test_shapes_are_those_of_the_tests(name: str, members: set[str]) -> None:
    """What the other tests expect of answers is what the reference promises."""
    assert set(DOCUMENT["components"]["schemas"][name]["properties"]) == members


def test_bodies_refuse_what_is_not_in_them() -> None:
    """Every body lists its fields, without those that the address says, and admits no others."""
    for method, path, operation in operations():
        if "requestBody" not in operation or path.endswith(("/commands", "/import")):
            continue
        content = operation["requestBody"]["content"]
        assert ("application/merge-patch+json" in content) == (method == "PATCH")
        schema = content["application/json"]["schema"]
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for one in schema.get("oneOf", [schema]):
            assert one["additionalProperties"] is False
            said = set() if path.endswith("/links") else {"type", *re.findall(r"{(\w+)}", path)}
            assert not set(one["properties"]) & {"events", *said}
            assert operation["requestBody"]["required"] == bool(one.get("required"))


def test_a_link_may_be_sent_as_it_is_shown() -> None:
    """Both names of its fields are in the reference, with the key and the version that go with either."""
    body = DOCUMENT["paths"]["/api/v1/workspaces/{ws}/tasks/{task}/links"]["post"]["requestBody"]
    forms = body["content"]["application/json"]["schema"]["oneOf"]
    assert [set(one["required"]) for one in forms] == [{"link", "other"}, {"type", "task"}]
    assert [set(one["properties"]) - set(one["required"]) for one in forms] == [{"id", "expected_version"}] * 2


def test_schemas_are_called_by_their_names_outside() -> None:
    """Their titles too; and none by a word that says nothing without the module that it is of."""
    schemas = DOCUMENT["components"]["schemas"]
    assert all(schema.get("title", name) == name for name, schema in schemas.items())
    assert schemas.keys().isdisjoint({"Before", "OfEach", "GivenFields", "Figures", "Kind", "Override", "Scope"})
    series = {operation["operationId"] for _, path, operation in operations() if "/series" in path}
    assert {"list_series", "get_series", "list_series_occurrences", "get_series_statistics"} < series


def test_what_has_a_tag_may_be_asked_for_if_it_changed() -> None:
    """A calendar is read under If-None-Match; without a key of the server's it has no address, which is a 409."""
    feed = DOCUMENT["paths"]["/api/v1/workspaces/{ws}/calendar.ics"]["get"]
    assert "If-None-Match" in {one["name"] for one in feed["parameters"]}
    assert {"200", "304", "409"} <= feed["responses"].keys()


def test_writes_take_a_key() -> None:
    """Each takes an idempotency key, may be answered 202, and those with a version take a condition."""
    for method, path, operation in operations():
        if method == "GET" or path.startswith("/admin") or path.endswith(("/preview", "/parse", "/import")):
            continue
        headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
        assert headers >= {"Idempotency-Key", "Prefer"}
        assert "202" in operation["responses"]
        of_a_reminder = ("/reminders/{reminder}", "/snooze", "/acknowledge")
        own = "/preferences" in path or path.endswith("/calendar-token")
        unconditional = own or path.endswith(("/members/{user}", "/workspaces", *of_a_reminder))
        creating = method == "POST" and path.endswith(("{ws}/tasks", "{ws}/projects", "{ws}/series", "{ws}/filters"))
        assert ("If-Match" in headers) != (unconditional or creating)
