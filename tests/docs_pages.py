"""The documentation as its tests read it: pages and their fenced blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PRELUDE_PAGE = ROOT / "docs" / "index.md"
FENCE = re.compile(r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block; `shown` is what the page says that it prints, in the block right below it."""

    language: str
    text: str
    line: int
    shown: "Block | None" = None


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text = page.read_text()
    found = list(FENCE.finditer(text))
    made: list[Block] = []
    for number, match in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else None
        below = following is not None and not text[match.end() : following.start()].strip()
        shown = _block(text, following) if following and below and following["language"] in ("json", "text") else None
        made.append(_block(text, match, shown))
    return made


def runnable(page: Path) -> list[Block]:
    """The blocks of a page that a reader pastes into a shell."""
    return [block for block in blocks(page) if block.language == "bash"]


def prelude() -> str:
    """The lines that every example starts from."""
    return runnable(PRELUDE_PAGE)[0].text


def _block(text: str, match: re.Match[str], shown: Block | None = None) -> Block:
    line = text.count("\n", 0, match.start()) + 1
    return Block(language=match["language"], text=match["text"], line=line, shown=shown)
