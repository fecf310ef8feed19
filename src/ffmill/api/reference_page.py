"""The reference as one page of plain HTML, written from the OpenAPI document: no scripts, nothing from elsewhere."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

Schema = Mapping[str, Any]

CODE = re.compile(r"`([^`]+)`")
REQUEST = "JobRequest"
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} API reference</title>
<link rel="stylesheet" href="/api/docs/style.css">
<nav><strong>{title}</strong> <small>{version}</small>{menu}</nav>
<main>
<h1>{title} API reference</h1>
{introduction}
<p>The same for programs: <a href="/api/openapi.json">openapi.json</a>. The commands below run as they are where
<code>FFMILL_API_KEY</code> holds your key.</p>
{sections}
<h2 id="objects">Objects</h2>
{objects}
</main>
</html>
"""


def page(document: Schema) -> str:
    """The whole page."""
    url = document["servers"][0]["url"]
    tags = [tag["name"] for tag in document["tags"]]
    return PAGE.format(
        title=escape(document["info"]["title"]),
        version=escape(document["info"]["version"]),
        introduction=_text(document["info"]["description"]),
        menu="".join(_menu(document, tag) for tag in tags) + '<h2><a href="#objects">Objects</a></h2>',
        sections="".join(_section(document, tag, url) for tag in tags),
        objects="".join(_object(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method of one path."""

    path: str
    method: str  # in capitals
    about: dict[str, Any]  # what the document says of it

    @property
    def id(self) -> str:
        """Its anchor on the page."""
        return escape(self.about["operationId"])


def operations(document: Schema) -> Iterator[Operation]:
    """All that can be asked for."""
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            yield Operation(path=path, method=method.upper(), about=about)


def commands(operation: Operation, url: str) -> dict[str, str]:
    """Shell commands that make the request, by what they show: the document's own, or one for each example body."""
    if samples := operation.about.get("x-codeSamples"):
        return {"": samples[0]["source"]}
    content: Schema = operation.about.get("requestBody", {}).get("content", {}).get("application/json", {})
    if examples := content.get("examples"):
        return {name: curl(operation, url, example["value"]) for name, example in examples.items()}
    return {"": curl(operation, url)}


def curl(operation: Operation, url: str, body: Any = None) -> str:
    """A shell command that makes the request; a `{job_id}` in the path becomes `$JOB_ID`."""
    method = "" if operation.method == "GET" else f" -X {operation.method}"
    path = re.sub(r"\{(\w+)[^}]*\}", lambda found: f"${found[1].upper()}", operation.path)
    parts = [f'curl{method} "{url}{path}"']
    if operation.about.get("security"):
        parts.append('-H "Authorization: Bearer $FFMILL_API_KEY"')
    if body is not None:
        text = json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        parts.append(f"-d '{text}'")
    return " \\\n  ".join(parts)


def _tagged(document: Schema, tag: str) -> list[Operation]:
    return [operation for operation in operations(document) if tag in operation.about.get("tags", ())]


def _menu(document: Schema, tag: str) -> str:
    items = (f'<li><a href="#{it.id}">{escape(it.about["summary"])}</a></li>' for it in _tagged(document, tag))
    return f"<h2>{tag}</h2><ul>{''.join(items)}</ul>"


def _section(document: Schema, tag: str, url: str) -> str:
    return f"<h2>{tag}</h2>" + "".join(_operation(operation, url) for operation in _tagged(document, tag))


def _operation(operation: Operation, url: str) -> str:
    method, about = operation.method, operation.about
    return f"""<section id="{operation.id}">
<h3>{escape(about["summary"])}</h3>
<p class="route"><b class="{method.lower()}">{method}</b> <code>{escape(operation.path)}</code></p>
{_text(about.get("description", ""))}
{_parameters(about.get("parameters", ()))}
{_body(about)}
{"".join(_example(name, command) for name, command in commands(operation, url).items())}
{_answers(about["responses"])}
</section>
"""


def _parameters(parameters: Iterable[Schema]) -> str:
    rows = [_row(it["name"], it["schema"], it.get("description", ""), it["required"]) for it in parameters]
    return _table("Parameters", ("name", "type", "meaning"), rows) if rows else ""


def _body(about: Schema) -> str:
    contents: Schema = about.get("requestBody", {}).get("content", {})
    kinds = (f"{_type(content.get('schema', {}))} as <code>{escape(kind)}</code>" for kind, content in contents.items())
    return f"<p><b>Body:</b> {', or '.join(kinds)}</p>" if contents else ""


def _example(name: str, command: str) -> str:
    caption = f"<figcaption>{escape(name)}</figcaption>" if name else ""
    return f"<figure>{caption}<pre><code>{escape(command, quote=False)}</code></pre></figure>"


def _answers(responses: Schema) -> str:
    rows = [_answer(status, response) for status, response in sorted(responses.items())]
    return _table("Answers", ("status", "body", "meaning"), rows)


def _answer(status: str, response: Schema) -> str:
    bodies = [_type(content.get("schema", {})) for content in response.get("content", {}).values()]
    return f"<tr><td>{status}<td>{', '.join(bodies)}<td>{_inline(response.get('description', ''))}"


def _object(name: str, schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        _row(field, it, it.get("description", ""), name == REQUEST and field in required)
        for field, it in schema.get("properties", {}).items()
    ]
    heading = f'<h3 id="{name}">{name}</h3>{_text(schema.get("description", ""))}'
    return heading + (_table("", ("field", "type", "meaning"), rows) if rows else "")


def _row(name: str, schema: Schema, description: str, required: bool) -> str:
    mark = " <em>required</em>" if required else ""
    default = schema.get("default")
    tail = f" Default: <code>{escape(json.dumps(default))}</code>." if default is not None else ""
    return f"<tr><td><code>{escape(name)}</code>{mark}<td>{_type(schema)}<td>{_inline(description)}{tail}"


def _table(caption: str, heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{it}" for it in heads)
    title = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _type(schema: Schema) -> str:
    """A JSON schema in words."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if either := schema.get("anyOf"):
        return " or ".join(_type(it) for it in either)
    if "enum" in schema or "const" in schema:
        return " ".join(f"<code>{escape(str(it))}</code>" for it in schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case "object" if isinstance(values := schema.get("additionalProperties"), dict):
            return f"object, name → {_type(values)}"  # pyright: ignore[reportUnknownArgumentType]  # plain JSON
        case kind:
            return escape(str(kind or "any"))


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part.strip())


def _inline(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", escape(text, quote=False))
