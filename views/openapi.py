"""The API reference as OpenAPI 3.1, generated from the routes and from the types that decode requests."""

import copy
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec

from tasksys.decider import UNVERSIONED
from tasksys.rows import ChecklistItem
from views import described, shapes, stale
from views.auth import ACTOR_HEADER
from views.context import POSITION_HEADER
from views.decoding import LOOKED_UP
from views.described import ANSWERED, EXAMPLES, HEADERS, ID, IN_PATH, PROBLEMS, QUERY, SENT, TAGS, WHEN, WHEN_SAYS
from views.routes import Route
from views.sending import REPLAYED_HEADER

TEMPLATE: Final = "#/components/schemas/{name}"
PROBLEM: Final = {
    "description": "What is wrong, and what to do (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}},
}
RENAMED: Final = {
    "Entry": "AuditEntry", "Kind": "PhraseKind", "Missed": "MissedPolicy", "Scope": "SeriesScope",
    "Figures": "SeriesStatistics", "Override": "OccurrenceOverride", "OfEach": "SeriesReminder",
    "Before": "SeriesTrigger", "Template": "SeriesTemplate", "TemplateFields": "SeriesTemplateFields",
    "GivenTemplate": "NewSeriesTemplate", "GivenFields": "SeriesTemplateChanges",
}  # fmt: skip
"""Types whose own names say too little outside; the others lose their `Shape`."""
INSTANTS: Final = ("at", "failing_since", "instant", "next_attempt", "scheduled_for", "since", "until")
"""Fields that are instants, besides those that end in `_at`."""


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of those routes."""
    listed = list(routes)
    kinds = [one for route in listed for kind in (route.body, route.answer) for one in _each(kind)]
    types = {id(one): one for one in (*kinds, shapes.OutcomeShape, shapes.ProblemShape)}
    _, schemas = msgspec.json.schema_components(types.values(), ref_template=TEMPLATE)
    _amend(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    used = {operation["tags"][0] for methods in paths.values() for operation in methods.values()}
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "tasksys",
            "version": version("tasksys"),
            "description": "An event-sourced task system. Every write is a command; every change an event.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that gives this document."}],
        "tags": [{"name": name, "description": TAGS.get(name, "")} for name in [*TAGS, *sorted(used - {*TAGS})]],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {_words(status): _problem(status) for status in PROBLEMS},
            "securitySchemes": {
                "bearer": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "A token whose `sub` is the user, where the server asks for tokens.",
                },
                "actor": {
                    "type": "apiKey", "in": "header", "name": ACTOR_HEADER,
                    "description": "Who you are, on a server without authentication, which listens to its own machine.",
                },
            },
        },
        "security": [{"bearer": []}, {"actor": []}, {}],
    }  # fmt: skip
    return _renamed(described, _names(schemas))  # type: ignore[no-any-return]


def _each(kind: Any) -> tuple[Any, ...]:
    """The types of a route's body or answer."""
    return kind if isinstance(kind, tuple) else () if kind is None else (kind,)


def _names(schemas: dict[str, Any]) -> dict[str, str]:
    """The names outside of types that have another one inside."""
    return {name: RENAMED.get(name) or name.removesuffix("Shape") for name in schemas}


def _renamed(part: Any, names: dict[str, str]) -> Any:
    """The same with schemas, and what refers to them, under their names outside."""
    if isinstance(part, list):
        return [_renamed(one, names) for one in part]
    if not isinstance(part, dict):
        return part
    found = {key: _renamed(one, names) for key, one in part.items()}
    if isinstance(reference := part.get("$ref"), str) and reference.startswith("#/components/schemas/"):
        found["$ref"] = TEMPLATE.format(name=names[reference.rpartition("/")[2]])
    if "securitySchemes" in part:
        found["schemas"] = {names[name]: {**schema, "title": names[name]} for name, schema in found["schemas"].items()}
    return found


def _amend(schemas: dict[str, Any]) -> None:
    """What the types do not say: fields that only the server fills in or that mean nothing there; formats; unions."""
    for command, looked_up in LOOKED_UP.items():
        for name in looked_up:
            schemas[command.__name__]["properties"].pop(name)
    schemas.pop("EventRecord")
    for kind in UNVERSIONED:
        schemas[kind.__name__]["properties"].pop("expected_version")
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
        for name, field in schema.get("properties", {}).items():
            if field.get("default") == "" and "pattern" in field:  # chosen by the server if it is left out
                field.pop("default")
            for one in _strings(field):
                if name in INSTANTS or name.endswith("_at"):
                    one["format"] = "date-time"
                if "pattern" in one:  # `$` is the very end everywhere but in Python
                    one["pattern"] = one["pattern"].replace("(?!\\n)", "")
    sent = schemas["Batch"]["properties"]["commands"]["items"]
    schemas["Command"] = {
        "description": "One of the commands, told apart by `type`.", "type": "object", "oneOf": sent.pop("anyOf"),
        **sent,
    }  # fmt: skip
    schemas["Batch"]["properties"]["commands"]["items"] = {"$ref": TEMPLATE.format(name="Command")}
    schemas["When"] |= {"description": WHEN_SAYS, "examples": WHEN, "minProperties": 1}
    for one in _strings(schemas["When"]["properties"]["date"]):
        one["format"] = "date"


def _strings(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of texts in that of a field."""
    if schema.get("type") == "string" and "enum" not in schema:
        yield schema
    for one in (*schema.get("anyOf", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else [])):
        yield from _strings(one)


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    problems = {str(status.value): {"$ref": f"#/components/responses/{_words(status)}"} for status in _wrong(route)}
    operation: dict[str, Any] = {
        "operationId": _identifier(route),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": {**problems, **_success(route), "default": PROBLEM},
    }
    if not route.path.startswith(("/api/", "/admin/", "/metrics")):
        operation["security"] = []
    if text := route.handler.__doc__ or (route.body.__doc__ if route.write else None):
        operation["description"] = " ".join(text.split())
    if route.body is not None:
        schema = _body(route, schemas)
        types = [*route.takes, *(["application/merge-patch+json"] if route.method == "PATCH" else [])]
        named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        required = bool(named.get("required") or "oneOf" in named or route.body is str)
        content = {"schema": schema, **_examples(route)}
        files = {name: described.FILES[name] for name in route.takes if route.body is str}
        operation["requestBody"] = {"required": required, "content": files or dict.fromkeys(types, content)}
    return operation


def _identifier(route: Route) -> str:
    """A name for the operation: that of its command, or what it gets."""
    if route.name:
        return route.name
    if route.write and not isinstance(route.body, tuple):
        return re.sub(r"(?<!^)(?=[A-Z])", "_", route.body.__name__).lower()
    *_, noun = (part for part in route.path.split("/") if part and not part.startswith("{"))
    noun = re.sub(r"\W+", "_", noun)
    if route.method != "GET":
        return f"{route.method.lower()}_{noun}"
    if route.path.endswith("}"):
        return f"get_{noun.removesuffix('s')}"
    return f"list_{noun}" if "items" in getattr(route.answer, "__struct_fields__", ()) else f"get_{noun}"


def _examples(route: Route) -> dict[str, Any]:
    if isinstance(route.body, tuple):
        return {"examples": {name: {"value": one} for name, one in SENT.items()}}
    return {"example": EXAMPLES[route.body]} if route.body in EXAMPLES else {}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"{(\w+)}", route.path):
        schema, description = IN_PATH.get(name, (ID, f"The {name}."))
        found.append({"name": name, "in": "path", "required": True, "schema": schema, "description": description})
    wanted = {POSITION_HEADER: "min_position" in route.parameters, stale.ASKED: route.copied}
    headers = [name for name, takes in {**wanted, "If-None-Match": "ETag" in route.tells}.items() if takes]
    if route.write:
        headers = ["Idempotency-Key", "Prefer", *([] if route.body in UNVERSIONED else ["If-Match"])]
    for place, names, known in (("query", route.parameters, QUERY), ("header", headers, HEADERS)):
        for name in names:
            schema, description = known[name]
            if name == "limit":
                schema = {**schema, "maximum": route.most}
            found.append({"name": name, "in": place, "schema": schema, "description": description})
    return found


def _words(status: HTTPStatus) -> str:
    return "".join(status.phrase.title().split())


def _problem(status: HTTPStatus) -> dict[str, Any]:
    description, headers = PROBLEMS[status]
    return {**PROBLEM, "description": description, "headers": _headers(*headers)}


def _wrong(route: Route) -> list[HTTPStatus]:
    """The statuses of what can be wrong with a request there."""
    found = {HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR, *route.wrong}
    if route.path.startswith(("/api/", "/admin/", "/metrics")):
        found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE}
    if "{" in route.path or (route.body is not None and not route.write):
        found |= {HTTPStatus.NOT_FOUND}
    if route.body is not None:
        found |= {
            HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }  # fmt: skip
    if route.write:
        found |= {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
        found |= set() if route.body in UNVERSIONED else {HTTPStatus.PRECONDITION_FAILED}
    if route.write or "min_position" in route.parameters:
        found |= {HTTPStatus.GATEWAY_TIMEOUT}  # of writes, those that look into the history
    return sorted(found)


def _success(route: Route) -> dict[str, Any]:
    content = {route.content_type: {"schema": _any(route.answer)}}
    tells = [POSITION_HEADER] if route.write or "min_position" in route.parameters else []
    tells += [stale.HEADER] * route.copied
    tells += ["ETag"] if _versioned(route.answer) else []
    tells += [REPLAYED_HEADER] if route.write else []
    tells += route.tells
    responses: dict[str, Any] = {
        str(status.value): {"description": route.summary, "headers": _headers(*tells), "content": content}
        for status in (route.status, *route.also)
    }
    if "ETag" in route.tells:
        tagged = _headers("ETag", *tells[:1])
        responses["304"] = {"description": "Nothing has changed since If-None-Match was given.", "headers": tagged}
    if not route.write:
        return responses
    pending = (
        content if isinstance(route.answer, tuple) else {"application/json": {"schema": _any(shapes.OutcomeShape)}}
    )
    responses["202"] = {
        "description": (
            "Appended, and not decided yet; or decided earlier under the same key, and how that left things cannot be "
            "shown at the moment. See Location."
        ),
        "headers": _headers("Location", POSITION_HEADER, REPLAYED_HEADER),
        "content": pending,
    }
    if not isinstance(route.answer, tuple):
        responses["204"] = {"description": described.NOTHING, "headers": _headers(POSITION_HEADER, REPLAYED_HEADER)}
    return responses


def _versioned(kind: Any) -> bool:
    """True for an answer that shows one thing with a version, or a part of one."""
    parts = (shapes.Checklist, ChecklistItem, shapes.SectionShape)
    return kind in parts or "version" in getattr(kind, "__struct_fields__", ())


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"schema": ANSWERED[name][0], "description": ANSWERED[name][1]} for name in names}


def _any(kind: Any) -> dict[str, Any]:
    """The schema of a type, or of any of several."""
    found, _ = msgspec.json.schema_components(_each(kind), ref_template=TEMPLATE)
    return found[0] if len(found) == 1 else {"anyOf": list(found)}


def _body(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    """A command's schema without what the address says, and that with the other names if there are some."""
    if isinstance(route.body, tuple):
        return {"oneOf": [{"$ref": TEMPLATE.format(name=name)} for name in ("Command", "Batch")]}
    if not route.write:
        return _any(route.body)
    schema: dict[str, Any] = copy.deepcopy(schemas[route.body.__name__])
    hidden = {"type", *route.body_without}
    schema["properties"] = {name: one for name, one in schema["properties"].items() if name not in hidden}
    schema["required"] = [name for name in schema.get("required", []) if name not in hidden]
    schema.pop("title", None)
    if not route.or_named:
        return schema
    names = {inside: outside for outside, inside in route.or_named.items()}
    other = {
        **schema,
        "properties": {names.get(name, name): one for name, one in schema["properties"].items()},
        "required": [names.get(name, name) for name in schema["required"]],
    }
    return {"oneOf": [schema, other]}
