"""How a route is described in the reference: as FastAPI's route arguments, made alike for all."""

from collections.abc import Mapping
from typing import Any, TypedDict

from ffmill.api.objects import ErrorAnswer


class Route(TypedDict):
    """What FastAPI is told of a route beside its path."""

    operation_id: str
    summary: str
    description: str
    response_model: None
    responses: dict[int | str, dict[str, Any]]
    openapi_extra: dict[str, Any] | None


WORDS = {
    400: "`validationError`: the wrong shape. `badRequest`: the right shape, but a rule fails.",
    401: "`badApiKey`: the key is missing, malformed, unknown, expired or revoked.",
    403: "`forbidden`: the key's scopes, or a quota of the account, do not allow it.",
    404: "`notFound`: there is none, or it is another account's.",
    405: "`badRequest`: this method is not for this path.",
    409: "`conflict`: the `Idempotency-Key` was used for another body.",
    413: "`badRequest`: the body is too large.",
    429: "`tooManyRequests`: more requests a second than the account may send; `Retry-After` says when to try again.",
    500: "`unknownError`: a fault of the service, in its log under the answer's `X-Request-Id`.",
    503: "`unavailable`: database or store cannot be reached; nothing was accepted. Try again.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers to refused requests of these statuses."""
    return {status: {"model": ErrorAnswer, "description": WORDS[status]} for status in statuses}


def route(
    name: str, summary: str, description: str, ok: dict[str, Any], *refused: int, extra: dict[str, Any] | None = None
) -> Route:
    """A route of this name (its operation id): what it answers when all is well, and with which statuses it refuses.

    One that needs a key (401) may lack a scope (403), and is counted (429).
    """
    of_keys = (403, 429) if 401 in refused else ()
    return {
        "operation_id": name,
        "summary": summary,
        "description": description,
        "response_model": None,
        "responses": {200: ok, **refusals(*sorted({*refused, *of_keys, 500}))},
        "openapi_extra": extra,
    }


def body(schema: str, examples: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The body of a request, of the schema of this name; each example stands under what it is called."""
    content = {
        "schema": {"$ref": f"#/components/schemas/{schema}"},
        "examples": {name: {"summary": name, "value": value} for name, value in examples.items()},
    }
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A parameter of the query, which may be left out."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
