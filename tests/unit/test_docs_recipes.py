"""Recipes, integrations, questions, comparisons and costs, as far as pages can be checked without running them."""

import ast
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from ffmill.api.schemas import JobRequest
from tests.docs_pages import ROOT, blocks
from tests.recipes import PLACEHOLDER, RECIPES, Recipe

DOCS = ROOT / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("recipes", "integrations", "faq", "compare", "costs")]
NAMED = re.compile(r"\{\{(.*?)\}\}")
SHOWN_BY_COMMAND = [recipe for recipe in RECIPES if recipe.of("console")]


def json_blocks(page: str) -> list[Any]:
    return [json.loads(block.text) for block in blocks(DOCS / page) if block.language == "json"]


def test_there_are_recipes_for_what_people_do_with_ffmpeg() -> None:
    assert len(RECIPES) >= 40
    assert len({recipe.title for recipe in RECIPES}) == len(RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.anchor)
def test_a_recipe_is_one_request_that_has_the_shape_of_one(recipe: Recipe) -> None:
    assert recipe.of("json"), "no body"
    JobRequest.model_validate(recipe.body)
    assert set(recipe.body) == {"input_files", "output_files", "ffmpeg_commands"}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.anchor)
def test_the_inputs_of_a_recipe_are_placeholders_of_the_same_name(recipe: Recipe) -> None:
    assert recipe.inputs == {name: PLACEHOLDER + name for name in recipe.inputs}


@pytest.mark.parametrize("recipe", SHOWN_BY_COMMAND, ids=lambda recipe: recipe.anchor)
def test_the_command_line_beside_a_recipe_says_the_same(recipe: Recipe) -> None:
    (line,) = recipe.of("console")
    (command,) = recipe.body["ffmpeg_commands"]
    program, subcommand, *words = shlex.split(line.removeprefix("$ "))
    assert (program, subcommand) == ("ffmill", "ffmpeg")
    assert words == shlex.split(NAMED.sub(r"\1", command))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_json_parses(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_python_parses(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            ast.parse(block.text)


def test_the_workflow_for_n8n_holds_together() -> None:
    (workflow,) = [block for block in json_blocks("integrations.md") if "nodes" in block]
    names = {node["name"] for node in workflow["nodes"]}
    assert len({node["id"] for node in workflow["nodes"]}) == len(names)
    assert set(workflow["connections"]) <= names
    for outgoing in workflow["connections"].values():
        assert {link["node"] for links in outgoing["main"] for link in links} <= names
    (request,) = [node["parameters"] for node in workflow["nodes"] if node["parameters"].get("method") == "POST"]
    assert not request["jsonBody"].startswith("="), "an expression: n8n would take {{…}} for its own"
    JobRequest.model_validate(json.loads(request["jsonBody"]))


def test_the_tool_for_agents_describes_a_request() -> None:
    (tool,) = [block for block in json_blocks("integrations.md") if "input_schema" in block]
    schema = tool["input_schema"]
    assert set(schema["properties"]) <= set(JobRequest.model_fields)
    assert set(schema["required"]) <= set(schema["properties"])


def test_every_question_is_answered_briefly_and_says_where_to_read_on() -> None:
    _, *answers = re.split(r"^### .*$", (DOCS / "faq.md").read_text(), flags=re.MULTILINE)
    assert len(answers) >= 20
    for answer in answers:
        text = answer.split("\n## ")[0]
        assert "](" in text, text
        assert len(text.strip().splitlines()) <= 6, text


@pytest.mark.parametrize("page", ["compare.md", "costs.md"])
def test_every_source_is_an_address_and_the_day_it_was_read(page: str) -> None:
    text, sources = (DOCS / page).read_text().split("\n## Sources\n")
    listed = [line for line in sources.splitlines() if line.startswith("| ")][1:]
    for number, line in enumerate(listed, 1):
        assert re.fullmatch(rf"\| {number} \| <https://\S+> \| .+ \| \d{{4}}-\d\d-\d\d \|", line), line
    named = {int(number) for group in re.findall(r"\[(\d[\d, ]*)\](?!\()", text) for number in group.split(",")}
    assert named == set(range(1, len(listed) + 1)), "a source that nothing names, or a number without a source"


def test_the_example_of_costs_is_reckoned_right() -> None:
    text = (DOCS / "costs.md").read_text()
    price, cores, speed = (float(found) for found in re.findall(r"^\| `[PNS]` \|.*\| ([\d.]+) \|$", text, re.MULTILINE))
    cost = price / (cores * speed)
    assert f"{cost:.5f}" in text, cost
