"""The documentation against the code: what is not so is found here, without running anything."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from ffmill.api.objects import JobObject
from ffmill.api.schemas import JobRequest
from ffmill.cli.main import app
from ffmill.config import Settings
from ffmill.errors import Refusal
from tests.docs_pages import PAGES, ROOT, blocks

DOCS = ROOT / "docs"
LANGUAGES = {"bash", "console", "json", "python", "typescript", "text", "ini", "nginx", "caddy"}
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
NOT_SETTINGS = {"FFMILL_URL", "FFMILL_API_KEY", "FFMILL_WORKER_NAME"}  # of the examples, of one command
PROGRAMS = {"make", "ffmill", "tar", "python3", "pip"}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """`docs/generate_settings.py`."""
    spec = spec_from_file_location("generate_settings", DOCS / "generate_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_settings_is_up_to_date(generator: ModuleType) -> None:
    text = (DOCS / "running.md").read_text()
    assert generator.page(text) == text, "run `make docs`"


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_setting_that_a_page_names_exists() -> None:
    known = {f"FFMILL_{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
    for page in PAGES:
        assert set(re.findall(r"FFMILL_[A-Z0-9_]+[A-Z0-9]", page.read_text())) <= known, page.name


def test_every_error_code_and_status_is_documented() -> None:
    text = (DOCS / "limits.md").read_text()
    for refusal in Refusal.__subclasses__():
        assert f"| {refusal.status} | `{refusal.code}` |" in text


def test_every_field_of_a_job_is_documented() -> None:
    sent, got = (DOCS / "jobs.md").read_text().split("### What you get")
    for name in JobRequest.model_fields:
        assert f"`{name}`" in sent
    for name in JobObject.model_fields:
        assert f"`{name}`" in got


def test_every_page_is_in_the_navigation() -> None:
    navigation = set(re.findall(r'"([a-z]+\.md)"', (ROOT / "zensical.toml").read_text()))
    assert navigation == {page.name for page in DOCS.glob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_has_a_language_that_says_whether_it_is_run(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= LANGUAGES
    assert page.read_text().count("\n```") == 2 * len(blocks(page)), "a fence is not closed, or has no language"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_command_of_the_operator_exists(page: Path) -> None:
    for words in operator_commands(page):
        assert words[0] in PROGRAMS, words
        if words[0] == "make":
            assert words[1] in targets()
        elif words[0] == "ffmill":
            check_options(words[1:])


def operator_commands(page: Path) -> Iterator[list[str]]:
    """The command lines that are shown with a `$`, without settings before them and comments behind them."""
    for block in blocks(page):
        for line in block.text.splitlines() if block.language == "console" else ():
            if line.startswith("$ "):
                words = shlex.split(line[2:], comments=True)
                bare = [word for word in words if not re.fullmatch(r"FFMILL_\w+=.*", word)]
                yield [Path(bare[0]).name, *bare[1:]]


def targets() -> set[str]:
    """The targets of the Makefile that it lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def check_options(words: list[str]) -> None:
    """Fails when ffmill has no such command, or the command no such option."""
    command: Any = typer.main.get_command(app)  # of typer's own click, whose types are private
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 50
