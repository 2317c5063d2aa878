"""The API reference for people: a page made from the OpenAPI document, and one for each code of a problem.

They have no scripts and need no network.
"""

from collections.abc import Iterable
from html import escape
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

import msgspec
from aiohttp import web

from views.codes import CODES, TYPE, title
from views.context import answer
from views.guide import marked, table
from views.guide import sections as guides
from views.openapi import document
from views.problems import Problem
from views.routes import Route

POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"

STYLE: Final = resources.files("views").joinpath("docs.css").read_text()


def pages(routes: Iterable[Route]) -> list[web.RouteDef]:
    """The document, the page and its style."""
    described = document(routes)
    page = render(described)

    async def openapi(request: web.Request) -> web.StreamResponse:
        return answer(described)

    async def reference(request: web.Request) -> web.StreamResponse:
        return _html(page)

    async def problem(request: web.Request) -> web.StreamResponse:
        code = request.match_info["code"]
        if code not in CODES:
            raise Problem(
                HTTPStatus.NOT_FOUND, "not-found", f"There is no problem {code[:64]!r}; /api/docs lists them."
            )
        return _html(explained(code))

    async def style(request: web.Request) -> web.StreamResponse:
        return web.Response(text=STYLE, content_type="text/css", charset="utf-8")

    return [
        web.get("/api/openapi.json", openapi),
        web.get("/api/docs", reference),
        web.get(f"{TYPE}{{code}}", problem),
        web.get("/api/docs.css", style),
    ]


def _html(page: str) -> web.Response:
    headers = {"Content-Security-Policy": POLICY}
    return web.Response(text=page, content_type="text/html", charset="utf-8", headers=headers)


def explained(code: str) -> str:
    """The page of a problem: what happened, and what to do."""
    status, says = CODES[code]
    return _page(
        title(code),
        f"<h1>{escape(title(code))}</h1><p><code>{escape(code)}</code>, status {status.value}</p><p>{marked(says)}</p>"
        '<p>The answer\'s own <code>detail</code> says more. <a href="/api/docs#problems">All problems</a></p>',
    )


def _page(name: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(name)}</title><link rel="stylesheet" href="/api/docs.css"></head><body>{body}</body></html>'
    )


def render(described: dict[str, Any]) -> str:
    """The page."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    guide = guides()
    titles = {name: title for name, title, _ in guide} | {tag: tag for tag in by_tag}
    links = "".join(f'<a href="#{escape(name)}">{escape(title)}</a>' for name, title in titles.items())
    first = "".join(f'<section id="{name}"><h2>{title}</h2>{text}</section>' for name, title, text in guide)
    sections = "".join(
        f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>{"".join(parts)}</section>' for tag, parts in by_tag.items()
    )
    schemas = "".join(
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<div>{_json(schema)}</div></details>"
        for name, schema in sorted(described["components"]["schemas"].items())
    )
    info = described["info"]
    return _page(
        f"{info['title']} API",
        f"<h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info['description'])} The same as a machine reads it: "
        f'<a href="/api/openapi.json">openapi.json</a>.</p><nav aria-label="Sections">{links}'
        f'<a href="#schemas">schemas</a></nav><main>{first}{sections}'
        f'<section id="schemas"><h2>schemas</h2>{schemas}</section></main>',
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<p>{marked(operation.get('description', operation['summary']))}</p>"]
    if operation["parameters"]:
        rows = [
            (_name(one), f"{marked(one.get('description', ''))} <em>{_type(one['schema'])}</em>")
            for one in operation["parameters"]
        ]
        parts.append("<h3>Parameters</h3>" + table(("Name", "What it is"), rows))
    if "requestBody" in operation:
        content = next(iter(operation["requestBody"]["content"].values()))
        shown = content.get("examples", {}).values() or (
            [{"value": content["example"]}] if "example" in content else []
        )
        examples = "".join(f"<h3>Example</h3>{_json(one['value'])}" for one in shown)
        parts.append(f"{examples}<h3>Body</h3>{_json(content['schema'])}")
    problems = [status for status, response in sorted(operation["responses"].items()) if "$ref" in response]
    for status, response in sorted(operation["responses"].items()):
        if status in problems:
            continue
        if status == "default" and problems:
            parts.append(f"<h3>{escape(', '.join(problems))}: problems, as under default</h3>")
        content = _content(response)
        parts.append(f"<h3>{escape(status)}: {escape(response['description'])}</h3>{_json(content)}")
    return (
        f'<details><summary><b class="{escape(method)}">{escape(method.upper())}</b><code>{escape(path)}</code>'
        f"<span>{escape(operation['summary'])}</span></summary><div>{''.join(parts)}</div></details>"
    )


def _name(parameter: dict[str, Any]) -> str:
    """Its name, where it goes, and whether it must be given."""
    required = ", required" if parameter.get("required") else ""
    return f"<code>{escape(parameter['name'])}</code> <em>{escape(parameter['in'])}{required}</em>"


def _type(schema: dict[str, Any]) -> str:
    """The type of a parameter, with its bounds, default and an example."""
    said = ", ".join(schema["enum"]) if "enum" in schema else schema.get("type", "string")
    if "minimum" in schema:
        said += f", {schema['minimum']} to {schema['maximum']}" if "maximum" in schema else f" from {schema['minimum']}"
    if "default" in schema:
        said += f", default {msgspec.json.encode(schema['default']).decode()}"
    examples = " or ".join(f"<code>{escape(str(one))}</code>" for one in schema.get("examples", ()))
    return escape(said) + (f", such as {examples}" if examples else "")


def _content(response: dict[str, Any]) -> Any:
    for content in response.get("content", {}).values():
        return content["schema"]
    return None


def _json(schema: Any) -> str:
    if not schema:
        return ""
    text = msgspec.json.format(msgspec.json.encode(schema)).decode()
    name = schema.get("$ref", "").rpartition("/")[2] if isinstance(schema, dict) else ""
    if name:
        return f'<p><a href="#schema-{escape(name)}"><code>{escape(name)}</code></a></p>'
    return f"<pre>{escape(text)}</pre>"
