"""What is wrong with a body's shape, said with its place, for whoever sent it."""

from typing import Annotated

import pydantic
from pydantic import AfterValidator
from pydantic_core import ErrorDetails

from ffmill.api.quoting import UNSTORABLE, quoted, storable

PROBLEMS_TOLD = 10


def _text(value: str) -> str:
    if not storable(value):
        raise ValueError(UNSTORABLE)
    return value


Text = Annotated[str, AfterValidator(_text)]
"""A string that PostgreSQL can keep."""


def problems(error: pydantic.ValidationError) -> str:
    """Every problem that pydantic found, up to ten of them."""
    told = [_problem(item) for item in error.errors(include_url=False)[:PROBLEMS_TOLD]]
    more = [f"and {error.error_count() - PROBLEMS_TOLD} more"] if error.error_count() > PROBLEMS_TOLD else []
    return "; ".join(told + more)


def _problem(item: ErrorDetails) -> str:
    message = item["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
    if item["type"] == "extra_forbidden":
        return f"{quoted(item['loc'][-1])} is not a known field"
    if item["type"] == "missing":
        message = "is required"
    elif item["loc"] and item["type"] not in ("too_long", "string_too_long"):
        message += f", not {quoted(item['input'])}"
    return f"{_place(item['loc'])}: {message}" if item["loc"] else message


def _place(location: tuple[int | str, ...]) -> str:
    field, *inner = location
    return f"{field}{''.join(f'[{quoted(step)}]' for step in inner if step != '[key]')}"
