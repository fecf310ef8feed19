"""Writes the table of settings on the page Running ffmill, from `ffmill.config.Settings`."""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from ffmill.config import Settings

PAGE = Path(__file__).with_name("running.md")
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
RATE = "requests a second"
UNITS = {"_bytes": "bytes", "_seconds": "seconds", "_days": "days", "rate_limit": RATE, "rate_limit_paid": RATE}
SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"))


def main() -> None:
    """Brings the page up to date."""
    old = PAGE.read_text()
    new = page(old)
    if new != old:
        PAGE.write_text(new)


def page(text: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def table() -> str:
    """The settings as a Markdown table, in the order of the class."""
    head = ["| Variable | Default | Unit | What it does |", "|---|---|---|---|"]
    return "\n".join(head + [row(name, field) for name, field in Settings.model_fields.items()])


def row(name: str, field: FieldInfo) -> str:
    """One setting."""
    what = (field.description or "").replace("|", "\\|")
    return f"| `FFMILL_{name.upper()}` | {default(name, field)} | {unit(name)} | {what} |"


def unit(name: str) -> str:
    """What the number counts; empty where the value is no quantity."""
    return next((word for end, word in UNITS.items() if name.endswith(end)), "")


def default(name: str, field: FieldInfo) -> str:
    """The default as an operator would write it, with a readable size beside large numbers of bytes."""
    value = field.default
    if value is None or value == () or isinstance(value, SecretStr):
        return "–"
    return f"`{written(value)}`{readable(value) if unit(name) == 'bytes' else ''}"


def written(value: object) -> str:
    """As it is written in the environment."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return str(value).lower() if isinstance(value, bool) else str(value)


def readable(count: int) -> str:
    """` (10 GiB)` for what is a whole number of them."""
    return next((f" ({count // size} {word})" for size, word in SIZES if count >= size and count % size == 0), "")


if __name__ == "__main__":
    main()
