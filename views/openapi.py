"""The API reference as OpenAPI 3.1, generated from the routes and from the types that decode requests."""

import copy
import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import msgspec

from tasksys.decider import UNVERSIONED
from tasksys.values import LinkType
from views import shapes
from views.auth import ACTOR_HEADER
from views.context import PARAMETER_CHARACTERS, POSITION_HEADER, POSITIONS
from views.routes import Route
from views.sending import LOOKED_UP, REPLAYED_HEADER

POSITION: Final = {"type": "integer", "minimum": 0, "maximum": POSITIONS}

QUERY: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "filter": (
        {"type": "string", "maxLength": PARAMETER_CHARACTERS},
        "Such as `status = open and due < today+3d or label in (home)`.",
    ),
    "q": (
        {"type": "string", "maxLength": PARAMETER_CHARACTERS},
        "Words to find; a word finds those that begin with it.",
    ),
    "sort": ({"type": "string", "maxLength": PARAMETER_CHARACTERS}, "Such as `due,-priority,order`."),
    "limit": ({"type": "integer", "minimum": 1}, "Items at most."),
    "cursor": ({"type": "string", "maxLength": PARAMETER_CHARACTERS}, "`next_cursor` of the page before."),
    "count": ({"type": "boolean"}, "Count all that match, too."),
    "as_of": ({"type": "string"}, "A position, or an instant with offset: the state then."),
    "min_position": (POSITION, "Wait until the view has this position."),
    "trashed": ({"type": "boolean"}, "Those in the trash instead."),
    "after": (POSITION, "Only what comes after this position."),
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
    POSITION_HEADER: (POSITION, "The same as `min_position`: what a write answered with."),
}

ANSWERED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "ETag": ({"type": "string"}, "The version of what is shown, for If-Match."),
    "Location": ({"type": "string"}, "Where the outcome is told."),
    REPLAYED_HEADER: ({"const": "true"}, "This is the outcome of an earlier command under the same key."),
    POSITION_HEADER: (POSITION, "The workspace's position that is shown, for reads that must not show less."),
}

ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
USER: Final = {"type": "string", "pattern": "^[A-Za-z0-9._@+:|-]{1,128}$"}
IN_PATH: Final = {"user": USER, "link": {"enum": [link.value for link in LinkType]}}
PROBLEM: Final = {
    "description": "What is wrong, and what to do (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}},
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of those routes."""
    listed = list(routes)
    kinds = [one for route in listed for kind in (route.body, route.answer) for one in _each(kind)]
    types = {id(one): one for one in (*kinds, shapes.OutcomeShape, shapes.ProblemShape)}
    _, schemas = msgspec.json.schema_components(types.values(), ref_template="#/components/schemas/{name}")
    _amend(schemas)
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


def _each(kind: Any) -> tuple[Any, ...]:
    """The types of a route's body or answer."""
    return kind if isinstance(kind, tuple) else () if kind is None else (kind,)


def _amend(schemas: dict[str, Any]) -> None:
    """What the types of commands do not say: fields that only the server fills in, or that mean nothing there."""
    for command, looked_up in LOOKED_UP.items():
        schemas[command.__name__]["properties"].pop(looked_up)
    schemas.pop("EventRecord")
    for kind in UNVERSIONED:
        schemas[kind.__name__]["properties"].pop("expected_version")
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
        for field in schema.get("properties", {}).values():
            if field.get("default") == "" and "pattern" in field:  # chosen by the server if it is left out
                field.pop("default")


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
        schema = _body(route, schemas)
        types = ["application/json", *(["application/merge-patch+json"] if route.method == "PATCH" else [])]
        required = bool(schema.get("required") or "anyOf" in schema)
        operation["requestBody"] = {"required": required, "content": {one: {"schema": schema} for one in types}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": IN_PATH.get(name, ID)}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    headers = [POSITION_HEADER] if "min_position" in route.parameters else []
    if route.write:
        headers = ["Idempotency-Key", "Prefer", *([] if route.body in UNVERSIONED else ["If-Match"])]
    for place, names, known in (("query", route.parameters, QUERY), ("header", headers, HEADERS)):
        for name in names:
            schema, description = known[name]
            if name == "limit":
                schema = {**schema, "maximum": route.most}
            found.append({"name": name, "in": place, "schema": schema, "description": description})
    return found


def _success(route: Route) -> dict[str, Any]:
    content = {route.content_type: {"schema": _any(route.answer)}}
    tells = [POSITION_HEADER] if route.write or "min_position" in route.parameters else []
    if route.write:
        tells += ["ETag", REPLAYED_HEADER]
    responses: dict[str, Any] = {
        str(status.value): {"description": route.summary, "headers": _headers(*tells), "content": content}
        for status in (route.status, *route.also)
    }
    if not route.write:
        return responses
    pending = (
        content if isinstance(route.answer, tuple) else {"application/json": {"schema": _any(shapes.OutcomeShape)}}
    )
    responses["202"] = {
        "description": "Appended, and not decided yet; see Location.", "headers": _headers("Location"),
        "content": pending,
    }  # fmt: skip
    if not isinstance(route.answer, tuple):
        nothing = "Done; there is nothing (any more) to show, or you are no member any more."
        responses["204"] = {"description": nothing, "headers": _headers(POSITION_HEADER, REPLAYED_HEADER)}
    return responses


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"schema": ANSWERED[name][0], "description": ANSWERED[name][1]} for name in names}


def _any(kind: Any) -> dict[str, Any]:
    """The schema of a type, or of any of several."""
    found, _ = msgspec.json.schema_components(_each(kind), ref_template="#/components/schemas/{name}")
    return found[0] if len(found) == 1 else {"anyOf": list(found)}


def _body(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    """A command's schema without what the address says."""
    if not route.write or isinstance(route.body, tuple):
        return _any(route.body)
    schema: dict[str, Any] = copy.deepcopy(schemas[route.body.__name__])
    hidden = {"type", *route.body_without}
    schema["properties"] = {name: one for name, one in schema["properties"].items() if name not in hidden}
    schema["required"] = [name for name in schema.get("required", []) if name not in hidden]
    schema.pop("title", None)
    return schema
