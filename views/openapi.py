"""The API reference as OpenAPI 3.1, generated from the routes and from the types that decode requests."""

import copy
import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import msgspec

from tasksys.commands import Command
from views import shapes
from views.auth import ACTOR_HEADER
from views.routes import Route

QUERY: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "filter": ({"type": "string", "maxLength": 4096}, "Such as `status = open and due < today+3d or label in (home)`."),
    "q": ({"type": "string", "maxLength": 4096}, "Words to find; a word finds those that begin with it."),
    "sort": ({"type": "string", "maxLength": 4096}, "Such as `due,-priority,order`."),
    "limit": ({"type": "integer", "minimum": 1, "maximum": 200}, "Items at most."),
    "cursor": ({"type": "string", "maxLength": 4096}, "`next_cursor` of the page before."),
    "count": ({"type": "boolean"}, "Count all that match, too."),
    "as_of": ({"type": "string"}, "A position, or an instant with offset: the state then."),
    "min_position": (
        {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
        "Wait until the view has this position.",
    ),
    "trashed": ({"type": "boolean"}, "Those in the trash instead."),
    "after": ({"type": "integer", "minimum": 0, "maximum": 10**15 - 1}, "Only what comes after this position."),
    "wait": ({"type": "integer", "minimum": 0, "maximum": 60}, "Seconds to wait until there is something."),
    "task": ({"type": "string"}, "Only of this task."),
    "actor": ({"type": "string"}, "Only by this user."),
    "since": ({"type": "string", "format": "date-time"}, "Not before this instant."),
    "until": ({"type": "string", "format": "date-time"}, "Not after this instant."),
}

HEADERS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "Idempotency-Key": (
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "Names the command: repeated under the same key, it is applied once.",
    ),
    "If-Match": ({"type": "string", "pattern": '^(\\*|(W/)?"[0-9]{1,15}")$'}, "Only if the version is still this one."),
    "Prefer": ({"type": "string"}, "`respond-async`, or `wait=N` seconds at most."),
}

ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
USER: Final = {"type": "string", "pattern": "^[A-Za-z0-9._@+:|-]{1,128}$"}
PROBLEM: Final = {
    "description": "What is wrong, and what to do (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}},
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of those routes."""
    listed = list(routes)
    types = {id(one): one for route in listed for one in (route.body, route.answer) if one is not None}
    _, schemas = msgspec.json.schema_components(
        [*types.values(), Command, shapes.ProblemShape], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tasksys",
            "version": version("tasksys"),
            "description": "An event-sourced task system. Every write is a command; every change an event.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "actor": {"type": "apiKey", "in": "header", "name": ACTOR_HEADER},
            },
        },
        "security": [{"bearer": []}, {"actor": []}, {}],
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path.removeprefix('/api/v1')}").strip("_"),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": {"default": PROBLEM, **_success(route)},
    }
    if route.handler.__doc__:
        operation["description"] = " ".join(route.handler.__doc__.split())
    if route.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": _body(route, schemas)}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = re.findall(r"{(\w+)}", route.path)
    found = [
        {"name": name, "in": "path", "required": True, "schema": USER if name == "user" else ID} for name in in_path
    ]
    for place, names, known in (
        ("query", route.parameters, QUERY),
        ("header", tuple(HEADERS) if route.write else (), HEADERS),
    ):
        for name in names:
            schema, description = known[name]
            found.append({"name": name, "in": place, "schema": schema, "description": description})
    return found


def _success(route: Route) -> dict[str, Any]:
    content = {route.content_type: {"schema": _schema(route.answer)}}
    responses: dict[str, Any] = {str(route.status.value): {"description": route.summary, "content": content}}
    if route.write:
        outcome = {"application/json": {"schema": {"$ref": "#/components/schemas/OutcomeShape"}}}
        responses["202"] = {"description": "Appended, and not decided yet; see Location.", "content": outcome}
        if route.method == "DELETE":
            responses["204"] = {"description": "Done; there is nothing left to show."}
    return responses


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return schema


def _body(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    """A command's schema without what the address says."""
    if route.body is Command:
        batch = {
            "type": "object",
            "properties": {"commands": {"type": "array", "items": _schema(Command), "minItems": 1, "maxItems": 100}},
            "required": ["commands"],
            "additionalProperties": False,
        }
        return {"anyOf": [_schema(Command), batch]}
    if not route.write:
        return _schema(route.body)
    schema: dict[str, Any] = copy.deepcopy(schemas[route.body.__name__])
    hidden = {"type", "events", *route.body_without}
    schema["properties"] = {name: one for name, one in schema["properties"].items() if name not in hidden}
    schema["required"] = [name for name in schema.get("required", []) if name not in hidden]
    schema.pop("title", None)
    return schema
