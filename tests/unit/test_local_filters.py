"""Files that filter graphs name, and the quotes around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.cli.local.filters import Role, names_in, options_in, rewritten
from ffmill.cli.local.quoting import escaped, token


def marked(role: Role, path: str) -> str:
    """The path, with the role before it."""
    return f"{role.name[0]}/{path}"


@pytest.mark.parametrize(
    ("graph", "after"),
    [
        ("scale=2:2", "scale=2:2"),
        ("subtitles=a.srt", "subtitles=R/a.srt"),
        ("subtitles='a b.srt':si=1", "subtitles=R/a b.srt:si=1"),
        ("subtitles=f=a.srt:fontsdir=d", "subtitles=f=R/a.srt:fontsdir=F/d"),
        (
            "subtitles=a.srt:force_style='FontName=X,FontSize=9'",
            "subtitles=R/a.srt:force_style=FontName=X\\,FontSize=9",
        ),
        (r"ass=C\\:/x.ass", r"ass=R/C\\:/x.ass"),
        (r"drawtext=text=it\\\'s:fontfile=f.ttf", r"drawtext=text=it\\\'s:fontfile=R/f.ttf"),
        ("[0:v]hflip[m];movie=m.png[w];[m][w]overlay=movie", "[0:v]hflip[m];movie=R/m.png[w];[m][w]overlay=movie"),
        ("lut3d@one=x.cube,lut1d=file=y.cube", "lut3d@one=R/x.cube,lut1d=file=R/y.cube"),
        ("metadata=print:file=-", "metadata=print:file=W/-"),
        ("metadata=print:key=a:file=o.txt", "metadata=print:key=a:file=W/o.txt"),
        ("sendcmd=0 scale w 2", "sendcmd=0 scale w 2"),
        ("drawtext=/text=t.txt", "drawtext=/text=R/t.txt"),
        ("vidstabdetect=result=t.trf:shakiness=9", "vidstabdetect=result=W/t.trf:shakiness=9"),
        ("arnndn=m=r.rnnn", "arnndn=m=R/r.rnnn"),
        ("", ""),
    ],
    ids=str,
)
def test_files_of_a_graph_are_replaced_and_nothing_else(graph: str, after: str) -> None:
    assert rewritten(graph, marked) == after


def test_filters_and_their_options_are_found() -> None:
    graph = "[0]vidstabdetect=result=x:show=1[a];[a]null,vidstabdetect=9"
    assert names_in(graph) == {"vidstabdetect", "null"}
    assert options_in(graph, "vidstabdetect") == {"result", "show", ""}


@pytest.mark.parametrize(
    ("text", "value", "end"),
    [
        ("a:b", "a", 1),
        ("  a b  :", "a b", 7),
        (r"a\:b", "a:b", 4),
        ("'a:b'c", "a:bc", 6),
        ("' a '", " a ", 5),
        (r"a\ ", "a ", 3),
        ("'open", "open", 5),
        ("a\\", "a\\", 2),
    ],
    ids=str,
)
def test_a_token_is_read_as_av_get_token_does(text: str, value: str, end: int) -> None:
    assert token(text, 0, ":") == (value, end)


@given(st.text(alphabet="a \\':,;[]\n|"))
def test_what_is_escaped_is_read_back(text: str) -> None:
    assert token(escaped(text, ":|"), 0, ":|")[0] == text
