"""Media files that name what else is to be read or written: references, attachments, drawings, styles."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.attacks.cage.case import NONE, VIDEO, Case, Places, SetUp, filtering
from tests.attacks.cage.containers import alias, matroska, movie

Made = Callable[[Places], bytes]

OUTSIDE = "-enable_drefs 1 -use_absolute_path 1 -protocol_whitelist file,tcp,http,unix"


def _referring(path: str, up: int = 0) -> Made:
    return lambda places: movie(alias(path.format(**places), up))


def _attached(name: str) -> Made:
    return lambda places: matroska(name.format(**places))


def _svg(body: str, start: str = "") -> dict[str, str | bytes]:
    links = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"'
    return {"a.svg": f"<?xml version='1.0'?>{start}<svg {links}>{body}</svg>"}


def _entity(system: str) -> str:
    return f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{system}">]>'


TEXT = "<text x='1' y='20'>&x;</text>"
SVG = f"-f svg_pipe -i inputs/a.svg {NONE}"
DRAWINGS = [
    Case("SVG: a picture of the host", SVG, _svg('<image xlink:href="file://{png}" width="64" height="64"/>')),
    Case("SVG: a picture by path", SVG, _svg('<image xlink:href="{png}" width="64" height="64"/>')),
    Case("SVG: a picture by HTTP", SVG,
         _svg('<image xlink:href="http://127.0.0.1:{port}/a.png" width="9" height="9"/>')),
    Case("SVG: an entity of a file", SVG, _svg(TEXT, _entity("file://{secret}"))),
    Case("SVG: an entity by HTTP", SVG, _svg(TEXT, _entity("http://127.0.0.1:{port}/"))),
    Case("SVG: a style by URL", SVG, _svg("<style>@import url('file://{secret}');</style>")),
    Case("SVG: another drawing", SVG, _svg('<use xlink:href="file://{secret}#a"/>')),
    Case("SVG: included text", SVG,
         _svg('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>')),
]  # fmt: skip

TTML = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="0s" end="1s">&x;</p></div></body></tt>'
STYLE = "[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,{secret},20\n"
EVENT = "[Events]\nFormat: Start, End, Style, Text\nDialogue: 0:00:00.00,0:00:01.00,Default,{\\fn{secret}}x\n"
STYLED = f"[Script Info]\nScriptType: v4.00+\n{STYLE}{EVENT}"
TEXTS = [
    Case("ASS: fonts by path", filtering("ass=inputs/a.ass"), {"a.ass": STYLED}),
    Case("ASS: a font file inside", filtering("ass=inputs/a.ass"),
         {"a.ass": f"{STYLED}[Fonts]\nfontname: {{new}}\n!!!!\n"}),
    Case("TTML: an entity", f"-i inputs/a.ttml {NONE}",
         {"a.ttml": f'<!DOCTYPE tt [<!ENTITY x SYSTEM "{{secret}}">]>{TTML}'}),
    Case("SAMI: a source", f"-f sami -i inputs/a.smi {NONE}",
         {"a.smi": "<SAMI><BODY><SYNC Start=0><P src='{secret}'>x"}),
    Case("RealText: a link", f"-f realtext -i inputs/a.rt {NONE}", {"a.rt": "<window><a href='file://{secret}'>x</a>"}),
    Case("VobSub: its other half", f"-f vobsub -sub_name {{secret}} -i inputs/a.idx {NONE}",
         {"a.idx": "# VobSub index file, v7\ntimestamp: 00:00:00:000, filepos: 000000000\n"}, bare=True),
    Case("AviSynth: a script", f"-f avisynth -i inputs/a.avs {NONE}", {"a.avs": 'AviSource("{secret}")\n'}, fails=True),
    Case("Matroska by a WebM manifest", f"-f webm_dash_manifest -i {{secret}} {NONE}", bare=True, fails=True),
    Case("metadata that includes", f"-f ffmetadata -i inputs/m {NONE}", {"m": ";FFMETADATA1\ninclude={secret}\n"}),
    Case("text in colours",
         f"{VIDEO} -i inputs/a.ass -filter_complex subtitles=inputs/a.ass:original_size=64x64 {NONE}",
         {"a.ass": STYLED}),
]  # fmt: skip


def _put(name: str, content: Made) -> SetUp:
    """Puts a file into the job's directory whose content depends on the places."""

    def put(work: Path, places: Places) -> None:
        (work / name).write_bytes(content(places))
        (work / name).chmod(0o644)

    return put


def _made() -> Iterator[Case]:
    for name, path, bare in (
        ("the host", "{wav}", True),
        ("text of the host", "{secret}", True),
        ("another job", "{other}", True),
        ("above", "../../../../../../../..{wav}", True),
    ):
        command = f"{OUTSIDE} -i a.mov -c copy -f s16le outputs/x"
        yield Case(f"QuickTime: data of {name}", command, set_up=_put("a.mov", _referring(path)), bare=bare)
    for up in (2, 4, 8, 12):
        above = _put("a.mov", _referring("{wav}", up))
        yield Case(
            f"QuickTime: data {up - 1} directories above", f"{OUTSIDE} -i a.mov {NONE}", set_up=above, bare=up >= 8
        )
    for name, path in (  # ffmpeg itself refuses such names, as long as it is asked to
        ("an absolute path", "{new}"),
        ("a path up", "../../../../../../../../..{new}"),
        ("the host's file", "{secret}"),
        ("another job's file", "{other}"),
        ("a socket", "tcp://127.0.0.1:{port}"),
        ("a unix socket", "unix:{unix}"),
        ("a pipe", "pipe:{descriptor}"),
        ("two lines", "a\n{new}"),
    ):
        command = f"-dump_attachment:t '' -i a.mkv {NONE}"
        yield Case(f"Matroska: an attachment called {name}", command, set_up=_put("a.mkv", _attached(path)))
    command = f"-dump_attachment:t {{new}} -i a.mkv {NONE}"
    yield Case("Matroska: an attachment dumped", command, set_up=_put("a.mkv", _attached("a")), bare=True, fails=True)


CASES = [*DRAWINGS, *TEXTS, *_made()]
