"""What becomes of a local ffmpeg command, before anything is sent anywhere."""

import shlex
from collections.abc import Mapping

import pytest

from ffmill.cli.local.analysis import analyse
from ffmill.cli.local.files import Files
from ffmill.cli.local.plan import Aim, Plan
from ffmill.cli.local.stops import Stop
from ffmill.cli.local.targets import UnsafeName
from ffmill.cli.local.uploads import LocalFile, StandardInput, Text, Url
from ffmill.jobs import command
from tests.local_files import MadeUpFiles, made_up


def plan_of(words: str, files: Files) -> Plan:
    """The plan of a command; the service takes what it says."""
    plan = analyse(shlex.split(words), files)
    command.resolve(plan.commands, inputs=list(plan.inputs), outputs=list(plan.asked_for))
    return plan


def line(plan: Plan) -> str:
    """The command that runs there."""
    return shlex.join(plan.argv)


def paths(plan: Plan) -> Mapping[str, str]:
    """The local files that go up."""
    return {name: upload.path for name, upload in plan.inputs.items() if isinstance(upload, LocalFile)}


def text(plan: Plan, name: str) -> str:
    """A text that goes up."""
    upload = plan.inputs[name]
    assert isinstance(upload, Text)
    return upload.text


def test_files_go_up_by_their_names_and_outputs_come_down_where_they_belong() -> None:
    plan = plan_of("-y -i /films/in.mov -vf scale=640:-2 out/o.mp4", made_up("/films/in.mov", "out/x"))
    assert line(plan) == "-i inputs/in.mov -vf scale=640:-2 outputs/o.mp4"
    assert paths(plan) == {"in.mov": "/films/in.mov"}
    assert plan.output_files == ("o.mp4",)
    assert plan.places.of("o.mp4") == "out/o.mp4"
    assert (plan.overwrite, plan.claims) == (True, ("out/o.mp4",))


def test_a_file_that_is_named_twice_goes_up_once() -> None:
    plan = plan_of("-i a.mkv -i a.mkv -vf subtitles=a.mkv o.mp4", made_up("a.mkv"))
    assert line(plan) == "-i inputs/a.mkv -i inputs/a.mkv -vf subtitles=inputs/a.mkv outputs/o.mp4"


def test_equal_names_from_several_directories_are_told_apart() -> None:
    plan = plan_of("-i a/x.mp4 -i b/x.mp4 a/y.mp4 b/y.mp4", made_up("a/x.mp4", "b/x.mp4"))
    assert paths(plan) == {"x.mp4": "a/x.mp4", "x-2.mp4": "b/x.mp4"}
    assert {name: plan.places.of(name) for name in plan.output_files} == {"y.mp4": "a/y.mp4", "2-y.mp4": "b/y.mp4"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("my clip [1]'s.mp4", "my_clip__1__s.mp4"),
        ("Größe.mp4", "Größe.mp4"),
        ("-dash.mp4", "dash.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("many1-x.mp4", "_many1-x.mp4"),
        ("inputs", "inputs-2"),
        ("?", "_"),
        ("x" * 250 + ".mp4", "x" * 196 + ".mp4"),
    ],
    ids=["syntax", "letters", "dash", "dot", "like a family", "directory", "nothing plain", "long"],
)
def test_names_become_harmless(path: str, name: str) -> None:
    assert paths(plan_of(f"-i {shlex.quote(path)} o.mp4", made_up(path))) == {name: path}


def test_urls_are_passed_on_and_generated_sources_left_alone() -> None:
    plan = plan_of("-i https://example.org/a%20b/c%20d.mp4?x=1 -f lavfi -i testsrc=d=1 o.mp4", made_up())
    assert plan.inputs == {"c_d.mp4": Url(url="https://example.org/a%20b/c%20d.mp4?x=1")}
    assert line(plan) == "-i inputs/c_d.mp4 -f lavfi -i testsrc=d=1 outputs/o.mp4"


@pytest.mark.parametrize(
    ("words", "files", "code", "said"),
    [
        ("-i no.mp4 o.mp4", made_up(), 254, "Error opening input file no.mp4."),
        ("-i d o.mp4", made_up("d/x"), 235, "Error opening input: Is a directory"),
        ("-i no_%03d.png o.mp4", made_up("no_009.png"), 254, "Error opening input file no_%03d.png."),
        ("-pattern_type glob -i *.png o.mp4", made_up("a.jpg"), 254, "Error opening input file *.png."),
        ("-f concat -i l.txt o.mp4", MadeUpFiles(texts={"l.txt": "file no.mp4"}), 254, "input file no.mp4."),
        ("-i a no/o.mp4", made_up("a"), 254, "Error opening output no/o.mp4: No such file or directory"),
        ("-i a.mp4 -c copy a.mp4", made_up("a.mp4"), 234, "Output a.mp4 same as Input #0 - exiting"),
        ("-y -n -i a o.mp4", made_up("a"), 234, "Error, both -y and -n supplied. Exiting."),
        ("-y -i", made_up(), 234, "Missing argument for option 'i'."),
        ("-i a -attach no.ttf o.mkv", made_up("a"), 254, "Error opening input file no.ttf."),
    ],
    ids=[
        "file",
        "directory",
        "sequence",
        "glob",
        "in a list",
        "no directory",
        "itself",
        "yes and no",
        "no word",
        "attachment",
    ],
)
def test_what_ffmpeg_would_not_begin_stops_before_anything_goes_up(
    words: str, files: Files, code: int, said: str
) -> None:
    with pytest.raises(Stop) as stop:
        analyse(shlex.split(words), files)
    assert stop.value.exit_code == code
    assert said in stop.value.message


def test_a_sequence_goes_up_to_its_first_gap() -> None:
    files = made_up("i/odd %1.png", *(f"i/odd {number}.png" for number in (3, 4, 5, 7)))
    plan = plan_of("-i 'i/odd %d.png' o.mp4", files)
    assert paths(plan) == {f"many1-odd_{number}.png": f"i/odd {number}.png" for number in (3, 4, 5)}
    assert line(plan) == "-i many1-odd_%01d.png outputs/o.mp4".replace("-i ", "-i inputs/")
    assert list(paths(plan_of("-start_number 7 -i 'i/odd %d.png' o.mp4", files)).values()) == ["i/odd 7.png"]


def test_a_glob_goes_up_in_its_order() -> None:
    files = made_up("p/b.png", "p/B.png", "p/a.jpg", "p/.c.png", "p/x.txt")
    plan = plan_of("-pattern_type glob -i 'p/*.png' o.mp4", files)
    assert paths(plan) == {"many1-000001.png": "p/B.png", "many1-000002.png": "p/b.png"}
    assert line(plan) == "-pattern_type glob -i 'inputs/many1-*.png' outputs/o.mp4"
    braces = plan_of("-pattern_type glob -i 'p/*.{png,jpg}' o.mp4", files)
    assert list(paths(braces).values()) == ["p/B.png", "p/a.jpg", "p/b.png"]


def test_lists_and_playlists_go_up_with_what_they_name() -> None:
    files = MadeUpFiles(
        texts={
            "l/list.txt": "# mine\nfile 'it'\\''s.mp4'\nduration 2\n file /abs.mp4\nfile https://example.org/w.mp4\n",
            "l/it's.mp4": "",
            "/abs.mp4": "",
            "h/m.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/i.m3u8\n",
            "h/low/i.m3u8": '#EXTM3U\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:2,\ns0.m4s\n\n#EXT-X-ENDLIST\n',
            "h/low/i.mp4": "",
            "h/low/s0.m4s": "",
        }
    )
    plan = plan_of("-f concat -safe 0 -i l/list.txt -i h/m.m3u8 o.mp4", files)
    assert text(plan, "list.txt") == "# mine\nfile it_s.mp4\nduration 2\nfile abs.mp4\nfile w.mp4\n"
    assert text(plan, "m.m3u8") == "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ni.m3u8\n"
    assert text(plan, "i.m3u8") == '#EXTM3U\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:2,\ns0.m4s\n\n#EXT-X-ENDLIST\n'
    assert paths(plan) == {
        "it_s.mp4": "l/it's.mp4",
        "abs.mp4": "/abs.mp4",
        "i.mp4": "h/low/i.mp4",
        "s0.m4s": "h/low/s0.m4s",
    }


def test_protocols_around_files_are_looked_through() -> None:
    plan = plan_of(
        "-i 'concat:a.ts|b.ts' -i cache:file:a.ts -i subfile,,start,1,end,9,,:b.ts o.mp4", made_up("a.ts", "b.ts")
    )
    assert line(plan) == (
        "-i 'concat:inputs/a.ts|inputs/b.ts' -i cache:inputs/a.ts -i subfile,,start,1,end,9,,:inputs/b.ts outputs/o.mp4"
    )


def test_standard_streams_are_files_there_that_are_as_little_seekable() -> None:
    plan = plan_of("-f wav -i - -f mp3 pipe:1", made_up())
    assert line(plan) == "-f wav -seekable 0 -i inputs/stdin -f mp3 -seekable 0 outputs/stdout-1"
    assert plan.inputs == {"stdin": StandardInput()}
    assert plan.to_stdout == ("stdout-1",)
    redirected = MadeUpFiles(texts={}, seekable=frozenset({"stdin", "stdout"}))
    assert line(plan_of("-i - -f mp3 -", redirected)) == "-i inputs/stdin -f mp3 outputs/stdout-1"


def test_a_list_on_standard_input_is_read() -> None:
    plan = plan_of(
        "-f concat -safe 0 -protocol_whitelist file,pipe -i - o.mp4",
        MadeUpFiles(texts={"a.mp4": ""}, stdin="file a.mp4\n"),
    )
    assert text(plan, "stdin") == "file a.mp4\n"
    assert paths(plan) == {"a.mp4": "a.mp4"}


def test_files_whose_names_ffmpeg_makes_are_all_asked_for() -> None:
    for words in ("h/x.m3u8", "-f dash h/x.mpd", "-f segment h/p%d.ts", "h/f_%03d.png", "-pass 1 -f null -"):
        assert plan_of(f"-i a {words}", made_up("a", "h/y")).output_files == ("*",)
    plan = plan_of("-i a -hls_segment_filename h/s%d.ts h/x.m3u8 -t 1 t/p_%d.png", made_up("a", "h/y", "t/y"))
    assert line(plan) == "-i inputs/a -hls_segment_filename outputs/s%d.ts outputs/x.m3u8 -t 1 outputs/2-p_%d.png"
    assert [plan.places.of(name) for name in ("s0.ts", "x.m3u8", "2-p_1.png")] == ["h/s0.ts", "h/x.m3u8", "t/p_1.png"]


def test_directories_that_ffmpeg_makes_come_back_and_playlists_name_what_lies_in_them() -> None:
    plan = plan_of("-i a -hls_segment_filename h/v%v/s%d.ts h/v%v/i.m3u8", made_up("a", "h/y"))
    names = ["m.m3u8", "v0=_=i.m3u8", "v0=_=s0.ts"]
    there = {name: plan.places.of(name) for name in names}
    assert list(there.values()) == ["h/m.m3u8", "h/v0/i.m3u8", "h/v0/s0.ts"]
    assert plan.places.text("m.m3u8", b"v0=_=i.m3u8\n", there) == b"v0/i.m3u8\n"
    assert plan.places.text("v0=_=i.m3u8", b"v0=_=s0.ts\n", there) == b"s0.ts\n"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("h/v%v/i.m3u8", "v0=_=..=_=..=_=.bashrc"),
        ("h/v%v/i.m3u8", "=_=etc=_=passwd"),
        ("h/x.m3u8", "../../x"),
        ("h/x.m3u8", ".."),
    ],
    ids=["upwards", "from the root", "slashes", "parent"],
)
def test_no_name_leads_out_of_where_outputs_belong(words: str, name: str) -> None:
    places = plan_of(f"-i a {words}", made_up("a", "h/y")).places
    with pytest.raises(UnsafeName, match="would leave its directory"):
        places.of(name)


def test_only_what_ffmpeg_asks_about_is_claimed() -> None:
    files = made_up("a", "b")
    assert plan_of("-i a o.mp4 o.png f_%d.png x.m3u8 -f null -", files).claims == ("o.mp4", "o.png")


def test_logs_of_two_passes_go_both_ways() -> None:
    first = plan_of("-i a -pass 1 -f null /dev/null", made_up("a"))
    assert line(first) == "-i inputs/a -pass 1 -f null -passlogfile outputs/ffmpeg2pass /dev/null"
    files = made_up("a", "l/log-0.log", "l/log-0.log.mbtree", "l/other-0.log")
    second = plan_of("-i a -pass 2 -passlogfile l/log o.mp4", files)
    assert line(second) == "-i inputs/a -pass 2 -passlogfile inputs/log outputs/o.mp4"
    assert list(second.inputs) == ["a", "log-0.log", "log-0.log.mbtree"]
    of_x265 = plan_of("-i a -x265-params pass=1:keyint=9 -f null -", made_up("a"))
    assert "pass=1:keyint=9:stats=outputs/x265_2pass.log" in line(of_x265)


def test_options_that_read_or_write_files() -> None:
    files = MadeUpFiles(texts={"a": "", "My Font.ttf": "", "k.info": "https://x.example/k\nd/k.key\n", "d/k.key": ""})
    plan = plan_of("-i a -attach 'My Font.ttf' -hls_key_info_file k.info -vstats_file d/v.log -progress - o.mkv", files)
    assert line(plan) == (
        "-i inputs/a -attach 'inputs/My Font.ttf' -hls_key_info_file inputs/k.info -vstats_file outputs/v.log "
        "outputs/o.mkv"
    )
    assert text(plan, "k.info") == "https://x.example/k\ninputs/k.key\n"
    assert plan.places.of("v.log") == "d/v.log"
    assert plan.tells_progress


def test_graphs_in_files_go_as_text_with_the_files_they_name() -> None:
    files = MadeUpFiles(texts={"a": "", "g.txt": "movie=l.png,\nscale=2:2", "l.png": ""})
    for option in ("-/filter_complex", "-filter_complex_script"):
        argv = plan_of(f"-i a {option} g.txt o.mp4", files).argv
        assert argv[2:4] == ("-filter_complex", "movie=inputs/l.png,\nscale=2:2")
    assert plan_of("-i a -/vf:v:0 g.txt o.mp4", files).argv[2] == "-vf:v:0"


def test_what_is_only_asked_is_a_job_without_outputs() -> None:
    answer = plan_of("-encoders", made_up())
    assert (answer.aim, answer.output_files, answer.asked_for) == (Aim.ANSWER, (), ("ended",))
    assert len(answer.commands) == 2
    look = plan_of("-hide_banner -i a", made_up("a"))
    assert (look.aim, line(look)) == (Aim.LOOK, "-i inputs/a -t 0 -f null -")


@pytest.mark.parametrize(
    ("words", "sent", "level", "stats"),
    [
        ("", "", 32, True),
        ("-v error", "-loglevel level+16", 16, False),
        ("-loglevel quiet -stats", "-loglevel level+16", -8, True),
        ("-v repeat+verbose -nostats", "-loglevel level+40", 40, False),
        ("-v 24", "-loglevel level+24", 24, False),
    ],
    ids=["usual", "errors", "quiet", "verbose", "in figures"],
)
def test_how_much_is_said(words: str, sent: str, level: int, stats: bool) -> None:
    plan = plan_of(f"{words} -hide_banner -i a o.mp4", made_up("a"))
    assert line(plan) == f"{sent} -i inputs/a outputs/o.mp4".strip()
    assert (plan.speech.level, plan.speech.stats) == (level, stats)


def test_more_files_than_a_job_may_have_are_refused() -> None:
    files = made_up(*(f"{number:04d}.png" for number in range(1001)))
    with pytest.raises(Stop, match="the command reads 1,001 files, and a job at most 1,000"):
        analyse(["-i", "%04d.png", "o.mp4"], files)


def test_a_log_has_local_paths() -> None:
    hls = plan_of("-v error -i d/a -i d/a.b h/x.m3u8", made_up("d/a", "d/a.b", "h/x"))
    assert hls.local("-loglevel level+16 -i inputs/a.b outputs/x0.ts") == "-i d/a.b h/x0.ts"
    plan = plan_of("-i d/a.mp4 e/o.mp4", made_up("d/a.mp4", "e/x"))
    assert plan.local("from 'inputs/a.mp4' to 'outputs/o.mp4'") == "from 'd/a.mp4' to 'e/o.mp4'"


SECRET = "/home/me/.ssh/id_rsa"
REFUSED_IN_LISTS: dict[str, tuple[str, str, str, int, str]] = {
    "absolute": ("-f concat -i", "l.txt", f"file '{SECRET}'", 255, f"Unsafe file name '{SECRET}'"),
    "above": ("-f concat -safe 1 -i", "l.txt", "file ../x.mp4", 255, "Unsafe file name '../x.mp4'"),
    "by scheme": ("-f concat -i", "l.txt", f"file file:{SECRET}", 255, "Unsafe file name"),
    "hidden": ("-i", "l.ffconcat", "file .hidden/x.mp4", 255, "Unsafe file name"),
    "in a playlist": ("-i", "l.m3u8", f"#EXTM3U\n{SECRET}\n", 183, "blocked for security reasons"),
    "as a key": ("-i", "l.m3u8", '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="/etc/passwd"\n', 183, "blocked"),
    "itself": ("-i", "l.m3u8", "#EXTM3U\nl.m3u8\n", 183, "names itself"),
    "a list of itself": ("-i", "l.ffconcat", "file l.ffconcat", 183, "names itself"),
    "a pipe": ("-f concat -safe 0 -i", "l.txt", "file /dev/zero", 254, "input file /dev/zero"),
}


@pytest.mark.parametrize("name", REFUSED_IN_LISTS)
def test_what_ffmpeg_refuses_in_a_list_does_not_go_up(name: str) -> None:
    words, path, text_of_list, code, said = REFUSED_IN_LISTS[name]
    there = dict.fromkeys((SECRET, "../x.mp4", ".hidden/x.mp4", "/etc/passwd", "/dev/zero"), "")
    files = MadeUpFiles(texts={**there, path: text_of_list}, pipes=frozenset({"/dev/zero"}))
    with pytest.raises(Stop) as stopped:
        plan_of(f"{words} {path} o.mp4", files)
    assert stopped.value.exit_code == code
    assert said in stopped.value.message


def test_what_a_list_may_name_elsewhere_is_told_of() -> None:
    files = MadeUpFiles(texts={"d/l.txt": "file '/films/a.mp4'\nfile b.mp4", "/films/a.mp4": "", "d/b.mp4": ""})
    plan = plan_of("-f concat -safe 0 -i d/l.txt o.mp4", files)
    assert plan.strays == ("/films/a.mp4",)


def test_lists_that_name_the_same_lists_are_read_once_each() -> None:
    texts = {f"{n}.m3u8": f"#EXTM3U\n{n + 1}.m3u8\n{n + 1}.m3u8\n" for n in range(40)}
    plan = plan_of("-i 0.m3u8 o.mp4", MadeUpFiles(texts={**texts, "40.m3u8": "#EXTM3U\n"}))
    assert len(plan.inputs) == 41


@pytest.mark.parametrize("name", [".bashrc", "notes.txt", "o.mp4.x", "sub=_=x"])
def test_nothing_comes_back_that_was_not_asked_for(name: str) -> None:
    plan = plan_of("-i a.mp4 o.mp4", made_up("a.mp4"))
    with pytest.raises(UnsafeName):
        plan.places.of(name)


def test_made_up_names_replace_only_what_is_like_them() -> None:
    places = plan_of("-i a.mp4 film.m3u8", made_up("a.mp4")).places
    assert [places.may_replace(name) for name in ("film.m3u8", "film0.ts", "init.mp4", "Makefile", "notes.txt")] == [
        *(True, True, True),
        *(False, False),
    ]
    with pytest.raises(UnsafeName):
        places.of(".bashrc")
    numbered = plan_of("-i a.mp4 %03d.png", made_up("a.mp4")).places
    assert [numbered.may_replace(name) for name in ("1-001.png", "1-notes.txt")] == [True, False]


def test_only_whole_names_are_put_into_lists() -> None:
    places = plan_of("-i a.mp4 h/x.m3u8 t/x.m3u8", made_up("a.mp4", "h/y", "t/y")).places
    there = {"2-x0.ts": "t/x0.ts", "2-x.m3u8": "t/x.m3u8"}
    assert places.text("2-x.m3u8", b"2-x0.ts\n12-x0.ts\n", there) == b"x0.ts\n12-x0.ts\n"
