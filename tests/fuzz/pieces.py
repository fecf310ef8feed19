"""What hostile and clumsy commands are made of."""

from dataclasses import dataclass

from hypothesis import strategies as st

from ffmill.jobs.names import DIRECTORIES, MAX_BYTES
from ffmill.jobs.options import set_of

SPELLINGS = ("{{%s}}", "<<%s>>", r"\{\{%s\}\}", "{{ %s }}", "<< %s\t>>")
QUOTINGS = ("%s", "'%s'", '"%s"')

_SYNTAX = set_of(
    "' \" \\ \\\\ \\' \\\" { } {{ }} {{{ << >> < > \\{\\{ \\}\\} \\{ [ ] : , ; = | & && $ ` * ? # ~ ! % %d %03d $( )"
)
_SPECIAL = st.sampled_from([*sorted(_SYNTAX), " ", "  ", "\t", "\n", "\r", "\r\n", "\\\n", "\\\r\n"])
_ODD = st.sampled_from(
    [*"\0\x01\x0b\x1b\x7f\x81\x85\x88\x9b\u00a0\u2028\u202e\u3000\ufeff\ufffe\ud800\udcff\udfff", "é", "日本", "🎬"]
)
_OPTIONS = set_of(
    """
    ffmpeg ffprobe -i -c copy -c:v libx264 -f null concat lavfi hls - -- -n -y -vf -filter_complex -/vf -map -version -h
    -t -ss -to -sseof -shortest -stream_loop 5 -1 0:01 00:00:01.5 -metadata -attach -progress -vstats pass -nostdin
    [0:v]scale=2:2[v] movie= testsrc=d=1 in.mp4 out.mp4 ./in.mp4 file: inputs/ outputs/ ../ /etc/passwd pipe:0 pipe:
    https:// http://x/ rtmp://a@b/ ://  concat: $Number$ $RepresentationID%05d$ %Y-%m %%04d *.ts [a-c] [!x
    """
)
_WORDS = st.sampled_from(sorted(_OPTIONS))
_ANYTHING = st.text(st.characters(), max_size=4)  # half surrogate pairs too

PIECES = st.one_of(_SPECIAL, _SPECIAL, _WORDS, _ODD, _ANYTHING)
TEXTS = st.one_of(st.lists(PIECES, max_size=16).map("".join), st.lists(PIECES, max_size=16).map(" ".join))
WORDS = st.one_of(_WORDS, TEXTS)
SAFE = "abcxyz0123456789_./"  # nothing of it is syntax anywhere


def checked(text: str) -> str:
    """`text` without whatever no command may hold, once it was checked."""
    return "".join(c for c in text if c != "\0" and not "\ud800" <= c < "\ue000")


def spelled(name: str, spelling: str, quoting: str) -> str:
    """A name as a placeholder, in quotes."""
    return quoting.replace("%s", spelling.replace("%s", name))


def _allowed(text: str) -> str:
    """`text` without whatever no name may hold."""
    kept = "".join(
        c
        for c in text
        if not (c < " " or "\x7f" <= c < "\xa0" or c == "/" or "\ud800" <= c < "\ue000" or c in "\ufffe\uffff")
    )
    cut = kept.lstrip(".-").encode()[:MAX_BYTES].decode(errors="ignore")
    return "x" if cut in ("", *DIRECTORIES) else cut


PLAIN_NAMES = st.from_regex(r"[a-z0-9_]{1,4}(\.[a-z0-9]{1,3})?", fullmatch=True).filter(lambda n: n not in DIRECTORIES)
NAMES = st.one_of(TEXTS.map(_allowed), PLAIN_NAMES)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A submission, as far as its commands go."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    commands: tuple[str, ...]


@st.composite
def jobs(draw: st.DrawFn, names: st.SearchStrategy[str] = NAMES) -> Asked:
    """Submissions whose commands mostly speak of their files."""
    inputs = draw(st.lists(names, unique=True, max_size=4))
    outputs = draw(st.lists(names, unique=True, max_size=3))
    known = [*inputs, *outputs] or ["in.mp4"]
    placeholder = st.builds(
        spelled,
        st.sampled_from(known),
        st.sampled_from((*SPELLINGS, "%s", "inputs/%s", "outputs/%s", "./%s")),
        st.sampled_from(QUOTINGS),
    )
    word = st.one_of(placeholder, placeholder.map("-i {}".format), _WORDS, PIECES)
    command = st.one_of(st.lists(word, max_size=10).map(" ".join), st.lists(word, max_size=10).map("".join))
    commands = draw(st.lists(command, min_size=1, max_size=3))
    written = " ".join(f"'{name}'" for name in outputs)  # so that refusals of unwritten outputs do not hide all else
    return Asked(
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        commands=(*commands[:-1], draw(st.sampled_from(["", written])) + " " + commands[-1]),
    )
