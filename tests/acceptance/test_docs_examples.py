"""Every example of the documentation, pasted into a shell beside a live service; what a page shows must come out."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import FFMILL, Service
from tests.docs_pages import PAGES, PRELUDE_PAGE, ROOT, Block, prelude, runnable
from tests.ports import free_port

SECONDS = 120
MARK = "\x1e"
SHOWN_HOST, SHOWN_PORT = "127.0.0.1:8000", "9000"  # of the service, of the webhook's receiver
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DEPENDS = {"total_output_bytes", "cpu"}  # on the encoder, on how many workers there are
EXAMPLES = [page for page in PAGES if runnable(page)]

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the examples call curl"),
]


@pytest.fixture
def reader(service: Service, tmp_path: Path) -> Path:
    """The clone of a reader whose account has no jobs yet: where the examples run."""
    for name in (".venv", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "ffmill-data").mkdir()
    made = subprocess.run(
        [FFMILL, "keys", "create", "reader", "--account", tmp_path.name],
        check=True,
        env={**os.environ, **service.settings},
        capture_output=True,
    )
    (tmp_path / "ffmill-data" / "api-key").write_bytes(made.stdout)
    return tmp_path


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_the_examples_of_a_page_do_what_it_shows(page: Path, service: Service, reader: Path) -> None:
    examples = runnable(page)
    standalone = page in (PRELUDE_PAGE, ROOT / "README.md")
    here = {SHOWN_HOST: service.url.removeprefix("http://"), SHOWN_PORT: str(free_port())}
    script = f"\necho -n {MARK}\n".join(["" if standalone else prelude(), *(example.text for example in examples)])
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", replaced(script, here)],
        check=False,
        cwd=reader,
        env={"PATH": os.environ["PATH"], **service.settings},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    printed = ran.stdout.split(MARK)[1:]
    assert ran.returncode == 0, f"the example at line {examples[len(printed) - 1].line}: {ran.stderr}{printed[-1]}"
    for example, out in zip(examples, printed, strict=True):
        if example.shown is not None:
            compare(example.shown, out, here, f"{page.name}, line {example.shown.line}")


def replaced(text: str, here: dict[str, str]) -> str:
    """The text with the addresses of this machine in place of those that the page shows."""
    for shown, real in here.items():
        text = text.replace(shown, real)
    return text


def compare(shown: Block, out: str, here: dict[str, str], where: str) -> None:
    """Fails unless `out` is what the page shows; `…` there stands for anything."""
    text = replaced(shown.text, here)
    if shown.language == "json":
        compare_json(json.loads(text), json.loads(out), where)
    else:
        assert re.fullmatch(wild(text.strip()), out.strip(), re.DOTALL), f"{where}: {out}"


def compare_json(shown: Any, got: Any, where: str) -> None:
    """Objects may have fields, and lists may go on, beyond what is shown."""
    if isinstance(shown, dict):
        for name, value in shown.items():  # pyright: ignore[reportUnknownVariableType]  # plain JSON
            assert name in got, f"{where}: no {name!r} in {got}"
            kind = type(value)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
            if name in DEPENDS:
                assert isinstance(got[name], kind), f"{where}.{name}: {got[name]}"
            else:
                compare_json(value, got[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert len(got) >= len(shown) and (shown or not got), f"{where}: {got}"  # pyright: ignore[reportUnknownArgumentType]  # noqa: PT018
        for number, value in enumerate(shown):  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
            compare_json(value, got[number], f"{where}[{number}]")
    elif isinstance(shown, str):
        expected = next((kind.pattern for kind in (UUID, TIME) if kind.fullmatch(shown)), wild(shown))
        assert re.fullmatch(expected, got, re.DOTALL), f"{where}: {got!r}, not {shown!r}"
    else:
        assert got == shown, f"{where}: {got!r}, not {shown!r}"


def wild(text: str) -> str:
    """A pattern for what is shown."""
    return ".*".join(map(re.escape, text.split("…")))
