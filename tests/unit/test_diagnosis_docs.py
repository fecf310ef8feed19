"""The page of errors against the closed list of codes."""

import re

from ffmill.errors import FailureCode
from ffmill.jobs.failure import Failure
from tests.docs_pages import ROOT

PAGE = (ROOT / "docs" / "errors.md").read_text()


def test_every_code_has_its_heading_and_no_other_has() -> None:
    assert sorted(re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE)) == sorted(FailureCode)


def test_every_field_is_told() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert told == list(Failure.__dataclass_fields__)


def test_the_page_is_in_the_navigation() -> None:
    assert '"errors.md"' in (ROOT / "zensical.toml").read_text()
