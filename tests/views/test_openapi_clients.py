"""The reference as somebody reads it who makes a client from it: names, examples, problems, headers, unions."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from tasksys.commands import CLOCK_COMMANDS, Command, CreateWorkspace
from tests.support.http import Json, Site
from tests.views.test_openapi import DOCUMENT, component, operations, references


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
        if not path.startswith(("/api/", "/admin/", "/metrics")):
            assert operation["security"] == []
            continue
        assert statuses >= common
        assert ("404" in statuses) >= ("{" in path)
        if method != "GET" and path.startswith("/api/") and not path.endswith(("/preview", "/parse", "/import")):
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


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_made_says_where_it_is(site: Site) -> None:
    """A workspace, project or task can be read at its Location; parts have an address too; the reference says so."""
    client, space = site.client(), ""
    for place, body in (
        ("/api/v1/workspaces", {"name": "A"}),
        ("/projects", {"name": "B"}),
        ("/tasks", {"title": "C"}),
    ):
        made = await client.post(space + place, body)
        assert made.status == 201
        assert (await client.get(made.headers["Location"])).ok == made.ok
        space = space or made.headers["Location"]
    told = {
        operation["operationId"]
        for _, _, operation in operations()
        if "Location" in operation["responses"].get("201", {}).get("headers", {})
    }
    assert told == {
        "create_workspace", "create_project", "create_task", "add_section", "add_comment", "add_checklist_item",
        "add_reminder", "create_filter", "create_series",
    }  # fmt: skip


def test_commands_are_told_apart_by_their_type() -> None:
    """The union names each command that can be sent, by the value of `type`."""
    union = DOCUMENT["components"]["schemas"]["Command"]
    mapping = union["discriminator"]["mapping"]
    assert union["discriminator"]["propertyName"] == "type"
    not_sent = {kind.__name__ for kind in (CreateWorkspace, *CLOCK_COMMANDS)}
    assert set(mapping) == {kind.__name__ for kind in Command.__args__} - not_sent
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
            if field.endswith("_at") or field in ("scheduled_for", "next_attempt", "failing_since", "instant"):
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
