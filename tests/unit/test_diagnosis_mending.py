"""A command is written anew with words changed: placeholders and quoting stay, and it resolves to these words."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.errors import BadRequest
from ffmill.jobs.command import Reading
from ffmill.jobs.mending import Word, rewritten
from ffmill.jobs.names import aliases
from ffmill.jobs.placeholders import Placeholders
from ffmill.jobs.words import split

INPUTS = ("in.mp4", "my film.mp4", "it's.mp4", 'say "x".mp4', "ü {a}.mkv", "b}}.mp4")
OUTPUTS = ("out.mp4", "my out.mp4", "o%03d.png")


def words_of(command: str) -> tuple[str, ...]:
    return Reading(INPUTS, OUTPUTS).words(command)[0]


def mended(command: str, changes: dict[int, str]) -> str | None:
    argv = words_of(command)
    changed = [Word(text=changes.get(at, word), of=at) for at, word in enumerate(argv)]
    return rewritten(command, changed, inputs=INPUTS, outputs=OUTPUTS)


@pytest.mark.parametrize(
    ("command", "changes", "expected"),
    [
        pytest.param(
            "-i {{in.mp4}} -vcodc libx264 {{out.mp4}}",
            {2: "-vcodec"},
            "-i {{in.mp4}} -vcodec libx264 {{out.mp4}}",
            id="one word",
        ),
        pytest.param(
            "ffmpeg -n -i <<my film.mp4>> -af 'volme=2' \\\n {{my out.mp4}}",
            {3: "volume=2"},
            "-i <<my film.mp4>> -af volume=2 {{my out.mp4}}",
            id="names with blanks, a leading ffmpeg, -n, a continued line",
        ),
        pytest.param(
            """-i {{it's.mp4}} -vf "subtitles={{it's.mp4}}:force_style='X=1',scal=2:2" {{out.mp4}}""",
            {3: "subtitles=inputs/input-3.mp4:force_style='X=1',scale=2:2"},
            """-i {{it's.mp4}} -vf "subtitles={{it's.mp4}}:force_style='X=1',scale=2:2" {{out.mp4}}""",
            id="a placeholder before what is changed",
        ),
        pytest.param(
            "-i {{in.mp4}} -vf scal=2:2,movie={{in.mp4}} {{out.mp4}}",
            {3: "scale=2:2,movie=inputs/in.mp4"},
            "-i {{in.mp4}} -vf scale=2:2,movie={{in.mp4}} {{out.mp4}}",
            id="a placeholder after what is changed",
        ),
        pytest.param(
            '-i "{{say \\"x\\".mp4}}" -metadata "title=a  b" -crf high {{out.mp4}}',
            {5: "23"},
            '-i "{{say \\"x\\".mp4}}" -metadata "title=a  b" -crf 23 {{out.mp4}}',
            id="the quoting of other words",
        ),
        pytest.param("-i {{in.mp4}} {{out.mp4}}", {1: ""}, "-i '' {{out.mp4}}", id="an empty word"),
    ],
)
def test_only_what_is_changed_looks_different(command: str, changes: dict[int, str], expected: str) -> None:
    assert mended(command, changes) == expected


def test_words_are_put_in_left_out_and_moved() -> None:
    command = "-c:v libx264 -i {{my film.mp4}} {{out.mp4}}"
    order = [2, 3, 0, 1, 4]
    argv = words_of(command)
    moved = [*(Word(text=argv[at], of=at) for at in order[:4]), Word(text="-metadata"), Word(text="title=a b")]
    text = rewritten(command, [*moved, Word(text=argv[4], of=4)], inputs=INPUTS, outputs=OUTPUTS)
    assert text == "-i {{my film.mp4}} -c:v libx264 -metadata 'title=a b' {{out.mp4}}"


def test_what_would_be_another_placeholder_is_not_written() -> None:
    assert mended("-i {{in.mp4}} {{out.mp4}}", {1: "{{in.mp4}}"}) is None


NAMES = st.sampled_from([*INPUTS, *OUTPUTS])


def spelled(name: str, form: str) -> str:
    return form.format(name)


def joined(parts: list[str]) -> str:
    return "".join(parts)


SPELLED = st.builds(spelled, NAMES, st.sampled_from(["{{{{{}}}}}", "<<{}>>"]))
TEXT = st.text(alphabet="ab =:'\"\\{}<>\n,ü%", max_size=8)
PIECE = st.one_of(SPELLED, TEXT.map(shlex.quote), SPELLED.map(shlex.quote))
COMMANDS = st.lists(st.lists(PIECE, min_size=1, max_size=3).map(joined), min_size=1, max_size=6).map(" ".join)


@given(COMMANDS, st.data())
def test_it_resolves_to_exactly_the_changed_words(command: str, data: st.DataObject) -> None:
    try:
        argv = words_of(command)
    except BadRequest:
        return
    changes = data.draw(st.dictionaries(st.integers(0, len(argv) - 1), TEXT, max_size=2))
    changed = [Word(text=changes.get(at, word), of=at) for at, word in enumerate(argv)]
    text = rewritten(command, changed, inputs=INPUTS, outputs=OUTPUTS)
    if text is None:  # as where the new text looks like a placeholder
        assert any("{{" in word.text or "<<" in word.text or word.text == "" for word in changed)
        return
    placeholders = Placeholders(aliases(INPUTS), OUTPUTS)
    assert placeholders.fill(split(placeholders.mark(text))) == tuple(word.text for word in changed)


def test_what_is_not_changed_is_always_written() -> None:
    command = "-i {{in.mp4}} -vf 'drawtext=text={{ }}' {{out.mp4}}"
    assert mended(command, {}) == command
