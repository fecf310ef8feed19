"""The recipes of the documentation, as their tests read them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.docs_pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "recipes.md"
PLACEHOLDER = "https://example.org/"  # where the inputs are, on the page
HEADING = re.compile(r"^### (.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A recipe: its heading, and the blocks below it."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """The heading as the end of an address."""
        return re.sub(r"[^\w-]+", "-", re.sub(r"[^\w\s-]", "", self.title.lower())).strip("-")

    def of(self, language: str) -> list[str]:
        """The texts of its blocks in a language."""
        return [block.text for block in self.blocks if block.language == language]

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        (text,) = self.of("json")
        return json.loads(text)

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs: name and placeholder of an address."""
        return self.body["input_files"]

    @property
    def texts(self) -> dict[str, str]:
        """The input that the page shows as text: its name and content."""
        names = [name for name in self.inputs if name.endswith((".txt", ".srt"))]
        return dict(zip(names, self.of("text"), strict=True))


def _recipes() -> list[Recipe]:
    text = PAGE.read_text()
    lines = {text.count("\n", 0, match.start()) + 1: match[1] for match in HEADING.finditer(text)}
    below: dict[str, list[Block]] = {title: [] for title in lines.values()}
    for block in blocks(PAGE):
        above = [line for line in lines if line < block.line]
        if above:
            below[lines[above[-1]]].append(block)
    return [Recipe(title=title, blocks=tuple(found)) for title, found in below.items()]


RECIPES = _recipes()
