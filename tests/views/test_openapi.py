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
from views.openapi import document
from views.server import ROUTES

DOCUMENT: Final = json.loads(codec.encode_json(document(ROUTES)))
REFERENCE: Final = {"/api/openapi.json", "/api/docs", "/api/docs.css"}
"""What serves the reference is not in it."""


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
    assert {(method, path) for method, path in routed if path not in REFERENCE} == {
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
        ("Event", EVENT),
        ("AuditEntry", ENTRY),
        ("Outcome", OUTCOME),
        ("Problem", PROBLEM | {"errors", "conflicts", "parameter", "position", "hint"}),
    ],
)
def test_shapes_are_those_of_the_tests(name: str, members: set[str]) -> None:
    """What the other tests expect of answers is what the reference promises."""
    assert set(DOCUMENT["components"]["schemas"][name]["properties"]) == members


def test_bodies_refuse_what_is_not_in_them() -> None:
    """Every body lists its fields, without those that the address says, and admits no others."""
    for method, path, operation in operations():
        if "requestBody" not in operation or path.endswith("/commands"):
            continue
        content = operation["requestBody"]["content"]
        assert ("application/merge-patch+json" in content) == (method == "PATCH")
        schema = content["application/json"]["schema"]
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert schema["additionalProperties"] is False
        assert not set(schema["properties"]) & {"type", "events", *re.findall(r"{(\w+)}", path)}
        assert operation["requestBody"]["required"] == bool(schema.get("required"))


def test_writes_take_a_key() -> None:
    """Each takes an idempotency key, may be answered 202, and those with a version take a condition."""
    for method, path, operation in operations():
        if method == "GET" or path.startswith("/admin"):
            continue
        headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
        assert headers >= {"Idempotency-Key", "Prefer"}
        assert "202" in operation["responses"]
        unconditional = path.endswith(("/members/{user}", "/workspaces"))
        creating = method == "POST" and path.endswith(("{ws}/tasks", "{ws}/projects"))
        assert ("If-Match" in headers) != (unconditional or creating)


def whole(schema: Json) -> jsonschema_rs.Draft202012Validator:
    """A validator for a schema of the document."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_examples_are_what_they_are_examples_of() -> None:
    """Every body, parameter and schema's example fits; every body that needs something has one."""
    for _, _, operation in operations():
        for parameter in operation["parameters"]:
            for example in parameter["schema"].get("examples", ()):
                whole(parameter["schema"]).validate(example)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            given = [one["value"] for one in content.get("examples", {}).values()]
            given += [content["example"]] if "example" in content else []
            for example in given:
                whole(content["schema"]).validate(example)
            assert given or not operation["requestBody"]["required"], operation["operationId"]
    for schema in DOCUMENT["components"]["schemas"].values():
        for example in schema.get("examples", ()):
            whole(schema).validate(example)


def test_every_parameter_and_header_is_described() -> None:
    """In words, not only by its schema."""
    for _, _, operation in operations():
        assert all(one["description"] for one in operation["parameters"])
        for response in operation["responses"].values():
            shown = component(response["$ref"]) if "$ref" in response else response
            assert shown["description"]
            assert all(one["description"] for one in shown.get("headers", {}).values())


def test_operations_have_readable_names() -> None:
    """Those of their commands, and of what they get."""
    names = {operation["operationId"] for _, _, operation in operations()}
    assert names >= {
        "create_task", "edit_task", "complete_task", "list_tasks", "get_task", "set_member", "get_member", "undo",
        "list_workspaces", "send_commands", "get_command", "verify_audit", "list_comments", "export_json", "export_csv",
    }  # fmt: skip


def test_what_can_go_wrong_is_listed_by_status() -> None:
    """With problems as their content, and the headers that help."""
    common = {"400", "401", "403", "500", "503", "default"}
    for method, path, operation in operations():
        statuses = {status for status in operation["responses"] if status[0] in "45d"}
        if not path.startswith(("/api/", "/admin/")):
            assert operation["security"] == []
            continue
        assert statuses >= common
        assert ("404" in statuses) >= ("{" in path)
        if method != "GET" and path.startswith("/api/"):
            assert statuses >= {"408", "409", "413", "415", "422", "429", "504"}
            conditional = any(one["name"] == "If-Match" for one in operation["parameters"])
            assert ("412" in statuses) == conditional
        if any(one["name"] == "min_position" for one in operation["parameters"]):
            assert "504" in statuses
        for status in statuses - {"default"}:
            problem = component(operation["responses"][status]["$ref"])
            assert set(problem["content"]) == {"application/problem+json"}
            assert ("Retry-After" in problem["headers"]) == (status in ("409", "429", "503", "504"))
            assert ("WWW-Authenticate" in problem["headers"]) == (status == "401")


def test_answers_tell_versions_where_there_are_any() -> None:
    """What has a version comes with its ETag, read or written; nothing else does."""
    tagged = {
        operation["operationId"]
        for _, _, operation in operations()
        if any("ETag" in one.get("headers", {}) for one in operation["responses"].values())
    }
    assert tagged >= {"get_task", "edit_task", "get_project", "get_workspace", "list_checklist", "undo", "add_section"}
    assert not tagged & {"list_tasks", "set_member", "add_comment", "send_commands", "get_command", "list_members"}


def test_commands_are_told_apart_by_their_type() -> None:
    """The union names each command that can be sent, by the value of `type`."""
    union = DOCUMENT["components"]["schemas"]["Command"]
    mapping = union["discriminator"]["mapping"]
    assert union["discriminator"]["propertyName"] == "type"
    assert set(mapping) == {kind.__name__ for kind in Command.__args__} - {"CreateWorkspace"}
    assert {one["$ref"] for one in union["oneOf"]} == set(mapping.values())
    for kind, reference in mapping.items():
        schema = component(reference)
        assert schema["properties"]["type"]["enum"] == [kind]
        assert "type" in schema["required"]
    body = next(one for _, _, one in operations() if one["operationId"] == "send_commands")["requestBody"]
    assert references(body) == {"#/components/schemas/Command", "#/components/schemas/Batch"}


def test_instants_and_patterns_are_for_every_language() -> None:
    """Instants have their format; no pattern needs more than ECMA-262 without lookaround."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, one in schema.get("properties", {}).items():
            if field.endswith("_at"):
                assert "date-time" in json.dumps(one), (name, field)
    assert "(?" not in json.dumps(patterns(DOCUMENT))


def patterns(part: Any) -> list[str]:
    """Every pattern in a part of the document."""
    if isinstance(part, dict):
        own = [part["pattern"]] if isinstance(part.get("pattern"), str) else []
        return own + [found for one in part.values() for found in patterns(one)]
    return [found for one in part for found in patterns(one)] if isinstance(part, list) else []


def test_tags_are_described() -> None:
    """Each that is used, once."""
    described = {one["name"]: one["description"] for one in DOCUMENT["tags"]}
    assert len(described) == len(DOCUMENT["tags"])
    assert {operation["tags"][0] for _, _, operation in operations()} == set(described)
    assert all(described.values())
