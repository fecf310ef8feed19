"""From commands to what ffmpeg gets: words, placeholders, paths; ordinary commands pass, mistakes are refused."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.errors import BadRequest
from ffmill.jobs import command, options
from ffmill.jobs.command import Resolved, resolve

INPUTS = ("in.mp4", "b.mp4", "a.wav", "logo.png", "subs.srt", "list.txt", "in.mov", "img001.png", "enc.keyinfo")
X264 = "-c:v libx264"


def one(text: str, *, inputs: tuple[str, ...] = INPUTS, outputs: tuple[str, ...] = ("out.mp4",)) -> tuple[str, ...]:
    """The argv of a single command."""
    return resolve([text], inputs=inputs, outputs=outputs).argvs[0]


def refusal(*texts: str, inputs: tuple[str, ...] = INPUTS, outputs: tuple[str, ...] = ("out.mp4",)) -> str:
    """The message with which the commands are refused."""
    with pytest.raises(BadRequest) as caught:
        resolve(texts, inputs=inputs, outputs=outputs)
    return caught.value.message


class TestPlaceholders:
    """Every spelling, anywhere in a word."""

    @pytest.mark.parametrize(
        "spelled",
        ["{{in.mp4}}", "{{ in.mp4 }}", "<<in.mp4>>", "<< in.mp4 >>", r"\{\{in.mp4\}\}", r"'\{\{ in.mp4 \}\}'"],
    )
    def test_all_spellings_stand_for_the_path(self, spelled: str) -> None:
        assert one(f"-i {spelled} {{{{out.mp4}}}}") == ("-i", "inputs/in.mp4", "outputs/out.mp4")

    @pytest.mark.parametrize("quote", ["", "'", '"'])
    @pytest.mark.parametrize("name", ["my file.mp4", "it's.mp4", 'say "hi".mp4', "a:b,c[d];e=f.mp4", "back\\slash.mp4"])
    def test_a_name_with_blanks_or_quotes_needs_no_quoting_and_takes_any(self, name: str, quote: str) -> None:
        text = f"-i {quote}{{{{{name}}}}}{quote} out.mp4"
        assert one(text, inputs=(name,)) == ("-i", "inputs/input-1.mp4", "out.mp4")

    def test_a_name_that_is_quoted_for_a_shell_is_found_too(self) -> None:
        assert one(r"-i {{my\ file.mp4}} out.mp4", inputs=("my file.mp4",))[1] == "inputs/input-1.mp4"

    def test_placeholders_stand_in_filter_graphs_and_protocols(self) -> None:
        text = "-i concat:{{a b.ts}}|<<c.ts>> -vf \"subtitles={{s'u,b.srt}}:force_style='Fontsize=20'\" <<o.mp4>>"
        assert one(text, inputs=("a b.ts", "c.ts", "s'u,b.srt"), outputs=("o.mp4",)) == (
            "-i",
            "concat:inputs/input-1.ts|inputs/c.ts",
            "-vf",
            "subtitles=inputs/input-3.srt:force_style='Fontsize=20'",
            "outputs/o.mp4",
        )

    def test_an_output_keeps_its_name(self) -> None:
        assert (
            one("-i in.mp4 {{it's 100%: [a].mp4}}", outputs=("it's 100%: [a].mp4",))[-1] == "outputs/it's 100%: [a].mp4"
        )
        assert one("-i in.mp4 {{f_%03d.png}}", outputs=("f_%03d.png",))[-1] == "outputs/f_%03d.png"

    def test_an_output_can_be_an_input_of_the_next_command(self) -> None:
        found = resolve(
            ["-i in.mp4 {{t.mp4}}", "-i {{t.mp4}} {{out.mp4}}"], inputs=INPUTS, outputs=("t.mp4", "out.mp4")
        )
        assert found.argvs[1] == ("-i", "outputs/t.mp4", "outputs/out.mp4")

    @pytest.mark.parametrize(
        "text",
        ["{{}}", "{{ }}", "{{in.mp4}", "{in.mp4}", "a << b", "%{pts}", "{{" + "x" * 256 + "}}", "<<>>", "{{a\nb}}"],
    )
    def test_braces_that_are_no_placeholder_are_plain_text(self, text: str) -> None:
        assert one(f"-i in.mp4 -metadata 'title={text}' {{{{out.mp4}}}}")[3] == f"title={text}"


class TestWords:
    """What stands before and around ffmpeg's words."""

    def test_the_word_ffmpeg_is_dropped_once(self) -> None:
        assert one("ffmpeg -i in.mp4 out.mp4") == one("-i in.mp4 out.mp4") == ("-i", "in.mp4", "out.mp4")

    def test_lines_and_their_joints_are_white_space(self) -> None:
        assert one("ffmpeg \\\n  -i in.mp4 \\\r\n  out.mp4\n") == ("-i", "in.mp4", "out.mp4")

    def test_never_overwrite_is_left_out_and_said(self) -> None:
        found = resolve(["-n -i in.mp4 -metadata title=-n out.mp4"], inputs=INPUTS, outputs=("out.mp4",))
        assert found.argvs == (("-i", "in.mp4", "-metadata", "title=-n", "out.mp4"),)
        assert found.warnings == ("-n was left out: -y is implied, and a job starts in an empty directory",)

    def test_a_value_that_looks_like_an_option_is_kept(self) -> None:
        assert "-n" in one("-i in.mp4 -metadata -n out.mp4")


RECIPES: list[tuple[str, tuple[str, ...]]] = [
    ("-i {{in.mp4}} {{out.mp4}}", ("out.mp4",)),
    ("-i in.mp4 out.mp4", ("out.mp4",)),
    ("-i inputs/in.mp4 outputs/out.mp4", ("out.mp4",)),
    ("-i ./in.mp4 ./out.mp4", ("out.mp4",)),
    ("-i file:in.mp4 file:out.mp4", ("out.mp4",)),
    ("-y -hide_banner -loglevel error -i in.mp4 -c copy -movflags +faststart out.mp4", ("out.mp4",)),
    (f"-i in.mp4 {X264} -preset slow -crf 22 -c:a aac -b:a 128k out.mp4", ("out.mp4",)),
    ("-ss 00:00:03 -i in.mp4 -frames:v 1 -q:v 2 thumb.jpg", ("thumb.jpg",)),
    ("-i in.mp4 -ss 1.5 -vframes 1 -f image2 thumb.jpg", ("thumb.jpg",)),
    ("-i in.mp4 -vn -acodec libmp3lame -q:a 2 a.mp3", ("a.mp3",)),
    ("-i in.mp4 -vn -ar 44100 -ac 2 -ab 192k -f mp3 a.mp3", ("a.mp3",)),
    ("-i in.mp4 -an -vf 'scale=-2:720,fps=30' out.mp4", ("out.mp4",)),
    ("-i in.mp4 -vf 'fps=10,scale=320:-1:flags=lanczos,palettegen' p.png", ("p.png",)),
    (
        "-i in.mp4 -filter_complex '[0:v]fps=10,split[a][b];[a]palettegen[p];[b][p]paletteuse' -loop 0 o.gif",
        ("o.gif",),
    ),
    ("-i in.mp4 -i logo.png -filter_complex '[0:v][1:v]overlay=W-w-10:H-h-10' out.mp4", ("out.mp4",)),
    (
        "-i in.mp4 -i b.mp4 -filter_complex '[0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1[v][a]' -map [v] -map [a] out.mp4",
        ("out.mp4",),
    ),
    ("-f concat -safe 0 -i list.txt -c copy out.mp4", ("out.mp4",)),
    ("-i 'concat:in.mp4|b.mp4' -c copy out.mp4", ("out.mp4",)),
    ("-i in.mp4 -f hls -hls_time 6 -hls_list_size 0 out.m3u8", ("out.m3u8", "out*.ts")),
    ("-i in.mp4 -hls_time 6 outputs/out.m3u8", ("out.m3u8", "out0.ts", "out1.ts")),
    (
        "-i in.mp4 -hls_segment_filename {{seg_%03d.ts}} -hls_base_url https://cdn.example.com/x/ {{out.m3u8}}",
        ("out.m3u8", "seg_%03d.ts"),
    ),
    ("-i in.mp4 -hls_key_info_file enc.keyinfo -hls_segment_filename 's%d.ts' o.m3u8", ("o.m3u8", "s*.ts")),
    (
        "-i in.mp4 -map 0:v -map 0:v -var_stream_map 'v:0 v:1' -master_pl_name m.m3u8 -f hls outputs/v%v.m3u8",
        ("m.m3u8", "v%v.m3u8", "*.ts"),
    ),
    ("-i in.mp4 -f dash -seg_duration 4 out.mpd", ("out.mpd", "*.m4s")),
    ("-i in.mp4 -c copy -f segment -segment_time 10 seg%03d.ts", ("seg*.ts",)),
    ("-i in.mp4 -c copy -f segment -segment_list l.csv outputs/seg%03d.ts", ("seg000.ts", "l.csv")),
    ("-i in.mp4 -vf fps=1 outputs/frame_%03d.png", ("frame_%03d.png",)),
    ("-i in.mp4 -vf fps=1 frame_%d.png", ("frame_*.png",)),
    ("-i in.mp4 -vf fps=1 frame_%03d.png", ("frame_001.png",)),
    ("-i in.mp4 -strftime 1 -vf fps=1 'cap_%Y-%m-%d.jpg'", ("cap_2026-01-01.jpg",)),
    ("-i in.mp4 -vf fps=1 'my clip %d.png'", ("my clip *.png",)),
    ("-framerate 24 -i img%03d.png -c:v libx264 -pix_fmt yuv420p out.mp4", ("out.mp4",)),
    ("-pattern_type glob -framerate 10 -i '*.png' out.mp4", ("out.mp4",)),
    ("-loop 1 -i logo.png -i a.wav -shortest -t 10 out.mp4", ("out.mp4",)),
    ("-f lavfi -i testsrc=duration=5:size=640x360:rate=30 out.mp4", ("out.mp4",)),
    ("-f lavfi -i color=c=black:s=1280x720 -f lavfi -i anullsrc=r=44100:cl=stereo -t 5 out.mp4", ("out.mp4",)),
    ('-f lavfi -i "movie=in.mp4,metadata=print:file=m.txt[out0]" -f null -', ("m.txt",)),
    (
        "-i in.mp4 -vf \"drawtext=text='see https\\://example.com, or h264_nvenc':x=10:y=10:fontsize=24\" out.mp4",
        ("out.mp4",),
    ),
    ("-i in.mp4 -vf \"drawtext=text='%{pts\\:hms}':fontcolor=white\" out.mp4", ("out.mp4",)),
    ("-i in.mp4 -metadata url=https://example.com/a?b=c -c copy out.mp4", ("out.mp4",)),
    ("-i in.mp4 -metadata:s:a:0 language=eng -metadata comment='a & b; c | d > e' out.mp4", ("out.mp4",)),
    ("-i in.mp4 -vf \"subtitles=subs.srt:force_style='FontName=Arial,FontSize=24'\" out.mp4", ("out.mp4",)),
    ("-i in.mp4 -i subs.srt -c copy -c:s mov_text -disposition:s:0 default out.mp4", ("out.mp4",)),
    ("-i in.mp4 -af loudnorm=I=-16:TP=-1.5:LRA=11:print_format=json -f null -", ()),
    ("-i in.mp4 -i b.mp4 -lavfi 'libvmaf=log_fmt=json:log_path=vmaf.json' -f null -", ("vmaf.json",)),
    ("-i in.mp4 -i b.mp4 -lavfi 'ssim=stats_file=outputs/ssim.log;[0:v][1:v]psnr' -f null /dev/null", ("ssim.log",)),
    ("-i in.mp4 -f md5 -", ()),
    ("-i in.mp4 -map 0 -c copy -f ffmetadata meta.ini", ("meta.ini",)),
    ("-i in.mp4 -f tee -map 0 -c copy '[f=mp4]o1.mp4|[f=matroska]o2.mkv'", ("o1.mp4", "o2.mkv")),
    ("-i in.mp4 -map 0:v -s 640x360 small.mp4 -map 0:v -s 1280x720 big.mp4", ("small.mp4", "big.mp4")),
    ("-i in.mp4 -vf scale=iw*0.5:ih*0.5:force_original_aspect_ratio=decrease out.mp4", ("out.mp4",)),
    ("-i in.mp4 -vf \"select='gt(scene,0.4)',showinfo\" -fps_mode vfr -an s%02d.jpg", ("s01.jpg", "s*.jpg")),
    ("-i in.mp4 -filter:v 'setpts=0.5*PTS' -filter:a atempo=2.0 out.mp4", ("out.mp4",)),
    ("-noautorotate -i in.mp4 -vf transpose=1 -c:a copy out.mp4", ("out.mp4",)),
    ("-i in.mp4 -vf 'crop=in_w/2:in_h/2:0:0,pad=640:360:(ow-iw)/2:(oh-ih)/2:black' out.mp4", ("out.mp4",)),
    ("-sseof -3 -i in.mp4 -update 1 -q:v 1 last.jpg", ("last.jpg",)),
    ("-stream_loop 3 -i in.mp4 -c copy out.mp4", ("out.mp4",)),
    ("-i in.mp4 -c:v libx265 -x265-params 'crf=28:csv=stats.csv' -tag:v hvc1 out.mp4", ("out.mp4", "stats.csv")),
    ("-i in.mp4 -c:v libvpx-vp9 -b:v 0 -crf 31 -row-mt 1 -deadline good o.webm", ("o.webm",)),
    ("-i in.mp4 -c:v libsvtav1 -preset 8 -crf 35 -svtav1-params tune=0 out.mp4", ("out.mp4",)),
    ("-i in.mp4 -c:v prores_ks -profile:v 3 -vendor apl0 o.mov", ("o.mov",)),
    ("-i in.mp4 -filter_complex '[0:a]showwavespic=s=640x120:colors=white' -frames:v 1 w.png", ("w.png",)),
    ("-i a.wav -filter_complex 'silencedetect=n=-30dB:d=0.5' -f null -", ()),
    ("-i in.mp4 -i a.wav -filter_complex '[1:a]volume=0.3[m];[0:a][m]amix=inputs=2' -c:v copy out.mp4", ("out.mp4",)),
    ("-i in.mp4 -force_key_frames 'expr:gte(t,n_forced*2)' -g 48 -sc_threshold 0 out.mp4", ("out.mp4",)),
    ("-i in.mp4 -vstats -f null -", ("vstats_120000.log",)),
    ("-dump_attachment:t:0 font.ttf -i in.mp4 -f null -", ("font.ttf",)),
    ("-i in.mp4 -attach logo.png -metadata:s:t mimetype=image/png -c copy o.mkv", ("o.mkv",)),
    ("-i in.mp4 -progress progress.txt out.mp4", ("out.mp4", "progress.txt")),
    ("-i in.mp4 -f rawvideo - -map 0 out.mp4", ("out.mp4",)),
    ("-i in.mp4 -c copy -- -odd.mp4 -c copy out.mp4", ("out.mp4",)),
    ("-version", ()),
    ("-hide_banner -h encoder=libx264", ()),
    ("-f rawvideo -s 16x16 -pix_fmt rgb24 -i /dev/zero -frames:v 1 out.mp4", ("out.mp4",)),
    ("-i in.mp4 -vf vidstabdetect=shakiness=5 -f null -", ("transforms.trf",)),
    ("-i in.mp4 '100%.mp4'", ("100%.mp4",)),
    ("-i in.mp4 'out [final] (1).mp4'", ("out [final] (1).mp4",)),
    ("-i in.mp4 -metadata title='{{' -metadata comment='}}' out.mp4", ("out.mp4",)),
]


@pytest.mark.parametrize(
    "name", ["a>>b.mp4", "a<<b.mp4", "x}}y.mp4", "{{x}}y.mp4", "clip {{1}}.mp4", "<<x>>.mp4", "clip {1}", "a>"]
)
@pytest.mark.parametrize("spelled", ["{{%s}}", "<<%s>>", r"\{\{%s\}\}"])
def test_a_name_that_holds_delimiters_can_be_spelled(name: str, spelled: str) -> None:
    assert one(f"-i {{{{in.mp4}}}} -c copy {spelled % name}", outputs=(name,))[-1] == f"outputs/{name}"


@pytest.mark.parametrize("text", ["+a", "a+", "://", "a://b|", "file://", ":a", "http:/"])
def test_paths_are_searched_for_urls_in_linear_time(text: str) -> None:
    long = text * (200_000 // len(text))
    with suppress(BadRequest):  # it takes minutes where it is not linear
        resolve([f"-i '{long}' {{{{out.mp4}}}}"], inputs=INPUTS, outputs=("out.mp4",))


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("-i {{in.mp4}} -c copy outputs/X.M3U8", ("X.M3U8", "X*.ts")),
        ("-i {{in.mp4}} -c copy outputs/X.MPD", ("X.MPD", "init-stream0.m4s")),
        ("-i {{in.mp4}} -flags +pass1 -b:v 50k {{out.mp4}}", ("out.mp4", "x264_2pass.log")),
    ],
)
def test_files_that_ffmpeg_names_itself_may_be_listed(text: str, outputs: tuple[str, ...]) -> None:
    assert one(text, outputs=outputs)


@pytest.mark.parametrize(("text", "outputs"), RECIPES)
def test_an_ordinary_command_is_let_run(text: str, outputs: tuple[str, ...]) -> None:
    assert one(text, outputs=outputs)


CHAINS: list[tuple[list[str], tuple[str, ...]]] = [
    (["-i in.mp4 -c copy temp.mp4", "-i temp.mp4 out.mp4"], ("out.mp4",)),
    (["-i in.mp4 -vf palettegen p.png", "-i in.mp4 -i p.png -lavfi paletteuse o.gif"], ("o.gif",)),
    (
        ["-i in.mp4 -b:v 1M -pass 1 -an -f null /dev/null", "-i in.mp4 -b:v 1M -pass 2 out.mp4"],
        ("out.mp4", "ffmpeg2pass-0.log"),
    ),
    (
        ["-i in.mp4 -pass 1 -passlogfile x -f null -", "-i in.mp4 -pass 2 -passlogfile x out.mp4"],
        ("out.mp4", "x-0.log"),
    ),
    (["-i in.mp4 -f segment t%d.ts", "-i t0.ts out.mp4"], ("out.mp4",)),
    (["-i in.mp4 -f hls t.m3u8", "-i t0.ts out.mp4"], ("out.mp4",)),
    (["-i in.mp4 t%d.png", "-i t%d.png out.mp4"], ("out.mp4",)),
    (["-i in.mp4 outputs/t.mkv", "-i ./outputs/t.mkv out.mp4"], ("out.mp4",)),
    (
        ["-i in.mp4 -vf vidstabdetect -f null -", "-i in.mp4 -vf vidstabtransform=input=transforms.trf out.mp4"],
        ("out.mp4",),
    ),
]


@pytest.mark.parametrize(("texts", "outputs"), CHAINS)
def test_an_ordinary_chain_is_let_run(texts: list[str], outputs: tuple[str, ...]) -> None:
    assert len(resolve(texts, inputs=INPUTS, outputs=outputs).argvs) == len(texts)


READS = "is a URL, and a command reads files only: put it into input_files under a name"
WRITES = "is a URL, and a command writes files only: list a name in output_files"
STDIN = "there is nothing on standard input"
NO_SHELL = "no shell runs a command"
NOT_WRITTEN = "and no command writes it"

REFUSED: list[tuple[str, str]] = [
    ("", "the command is empty"),
    ("  \n ", "the command is empty"),
    ("ffmpeg", "the command is empty"),
    ("-f x11grab -i :0.0 out.mp4", "-f x11grab is a screen, a camera or a sound card, and a command has none"),
    ("-i in.mp4 -f pulse out.mp4", "-f pulse is a screen"),
    ("ffprobe in.mp4", "ffprobe does not run here, only ffmpeg does"),
    ("-i in.mp4 -vf 'scale=2:2 out.mp4", "the quote ' at character 15 is never closed, near"),
    ('-i "{{in.mp4}} out.mp4', 'the quote " at character 4 is never closed, near "-i "{{in.mp4}} out.mp4"'),
    ("-i in.mp4 -metadata title=it's out.mp4", r"(for an apostrophe in text, write \' outside of quotes)"),
    ("-i in.mp4 out.mp4\0", "the command holds a NUL character, at character 18"),
    ("-i in.mp4 out.mp4 \ud800", "the command holds half of a surrogate pair, at character 19"),
    ("-i in.mp4 -metadata x=" + "é" * 131_072 + " out.mp4", "bytes long; the most is 262,144 (256 KiB)"),
    ("-i {{im.mp4}} out.mp4", '"{{im.mp4}}" names neither an input nor an output; the nearest: "in.mp4"'),
    ("-i {{quite else}} out.mp4", 'there are: "in.mp4", "b.mp4"'),
    ("-i {{ im.mp4 }} out.mp4", '"{{ im.mp4 }}" names neither an input nor an output; the nearest: "in.mp4"'),
    ("-i <<vidoe>> out.mp4", '"<<vidoe>>" names neither an input nor an output'),
    ("-i in.mp4 {{outputs/out.mp4}}", 'is no placeholder: write "{{out.mp4}}", or plainly "outputs/out.mp4"'),
    ("-i {{https://example.com/a.mp4}} out.mp4", "is no placeholder: a URL goes into input_files under a name"),
    ("-i in.mp4 -metadata title={{Album}} out.mp4", '"{{Album}}" names neither'),
    ("-i https://user:pw@example.com/a.mp4?sig=1 out.mp4", f'"https://example.com/a.mp4" {READS}'),
    ("-i HTTP://example.com/a.mp4 out.mp4", READS),
    ("-i rtmp://example.com/live out.mp4", READS),
    ("-i concat:in.mp4|https://example.com/b.mp4 out.mp4", READS),
    ("-i cache:http://example.com/a.mp4 out.mp4", READS),
    ("-i subfile,,start,0,end,0,,:https://example.com/a out.mp4", READS),
    ("-i s3://bucket/a.mp4 out.mp4", READS),
    ("-i in.mp4 -attach https://example.com/f.ttf out.mp4", READS),
    ("-f lavfi -i movie=https\\\\://example.com/a.mp4 out.mp4", f'"https://example.com/a.mp4" {READS}'),
    (r"-i in.mp4 -vf 'movie=https\://example.com/logo.png[l];[in][l]overlay' out.mp4", READS),
    ("-i in.mp4 https://example.com/out.mp4", WRITES),
    ("-re -i in.mp4 -f flv rtmp://live.example.com/app/key", f'"rtmp://live.example.com/app/key" {WRITES}'),
    ("-i in.mp4 -f tee '[f=mp4]out.mp4|[f=flv]rtmp://a.example/b'", WRITES),
    ("-i in.mp4 -progress http://example.com/p out.mp4", WRITES),
    ("-i - out.mp4", f'-i "-": {STDIN}'),
    ("-f mp3 -i pipe:0 out.mp4", f'-i "pipe:0": {STDIN}'),
    ("-i pipe: out.mp4", STDIN),
    ("-i /dev/stdin out.mp4", STDIN),
    ("-i", "-i is given without a file"),
    ("-i in.mp4", "the command names no output"),
    ("-i in.mp4 -crf=23 {{out.mp4}}", '"outputs/out.mp4" is taken as the value of the option "-crf=23"'),
    ("-i in.mp4 t.mp4 && ffmpeg -i t.mp4 out.mp4", f'"&&" would be the name of an output: {NO_SHELL}'),
    ("-i in.mp4 out.mp4 2>&1", NO_SHELL),
    ("-i in.mp4 -f null - 2>/dev/null", NO_SHELL),
    ("-i in.mp4 out.mp4 | tee log", NO_SHELL),
    (
        "-i input.mp4 out.mp4",
        '-i "input.mp4": it is no name in input_files, and no earlier command writes it; the nearest',
    ),
    ("-i inputs/im.mp4 out.mp4", 'input_files has no such name; the nearest: "in.mp4"'),
    ("-i {{out.mp4}} b.mkv", '-i "outputs/out.mp4": it is no name in input_files, and no earlier command writes it'),
    ("-f concat -i liste.txt out.mp4", 'the nearest: "list.txt"'),
    ("-i in.mp4 {{in.mp4}}", '"inputs/in.mp4" is an input, and inputs are read only: write "outputs/in.mp4"'),
    ("-i in.mp4 -c copy b.mp4", '"b.mp4" is an input, and inputs are read only: write "outputs/b.mp4"'),
    ("-i in.mp4 other.mp4", f'output_files lists "out.mp4", {NOT_WRITTEN}: write "{{{{out.mp4}}}}" where'),
    ("-i in.mp4 myout.mp4", NOT_WRITTEN),
    ("-i in.mp4 out.mp4.mkv", NOT_WRITTEN),
    ("-i in.mp4 frame_%d.png", NOT_WRITTEN),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_surely_fails_is_refused_with_what_to_write(text: str, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("text", "outputs", "missing"),
    [
        ("-i in.mp4 outputs/seg%03d.ts", ("seg*.mp4",), "seg*.mp4"),
        ("-i in.mp4 a.mp4", ("a.mp4", "b_*.png"), "b_*.png"),
        ("-i in.mp4 frame_%d.png", ("thumb_001.png",), "thumb_001.png"),
        ("-i in.mp4 -i b.mp4 a.mp4", ("a.mp4", "b.mp4"), "b.mp4"),
    ],
)
def test_an_output_that_no_command_writes_is_named(text: str, outputs: tuple[str, ...], missing: str) -> None:
    assert refusal(text, outputs=outputs).startswith(f'output_files lists "{missing}", and no command writes it')


def test_a_name_that_is_input_and_output_must_say_which() -> None:
    message = refusal("-i {{in.mp4}} {{in.mp4}}", outputs=("in.mp4",))
    assert message.startswith('"in.mp4" is both an input and an output')
    assert one("-i inputs/in.mp4 outputs/in.mp4", outputs=("in.mp4",)) == ("-i", "inputs/in.mp4", "outputs/in.mp4")


def test_a_placeholder_like_a_listed_glob_is_told_the_plain_path() -> None:
    message = refusal("-i in.mp4 {{seg%03d.ts}}", outputs=("seg*.ts",))
    assert message == (
        '"{{seg%03d.ts}}" is no entry of output_files, but like "seg*.ts" there: write "outputs/seg%03d.ts"'
    )


def test_a_refusal_says_which_of_several_commands_is_wrong() -> None:
    assert refusal("-i in.mp4 t.mp4", "-i {{nope}} out.mp4").startswith("ffmpeg_commands[1]: ")


def test_names_are_checked_first() -> None:
    assert refusal("-i in.mp4 out.mp4", outputs=("../out.mp4",)).startswith("output_files: ")


PIECES = st.sampled_from(
    [
        *("-i", "-c", "copy", "-f", "null", "-", "--", "-n", "-vf", "{{", "}}", "<<", ">>", "\\{\\{", "\\}\\}", "&&"),
        *("in.mp4", "o ut's.mp4", "{{in.mp4}}", "{{o ut's.mp4}}", "<<", "https://x/", "'", '"', "\\", " ", "\n", "%d"),
        *(
            "[0:v]scale=2:2",
            "movie=",
            ":",
            ";",
            "\ud800",
            "\0",
            "é",
            "-/vf",
            "-version",
            "inputs/",
            "outputs/",
            "x.mp4",
        ),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join) | st.lists(PIECES, max_size=14).map(" ".join)


@given(st.lists(TEXTS, max_size=3), st.lists(PIECES, max_size=3), st.lists(PIECES, max_size=3))
def test_whatever_is_sent_is_resolved_or_a_bad_request(texts: list[str], inputs: list[str], outputs: list[str]) -> None:
    def outcome() -> Resolved | str:
        try:
            return resolve(texts, inputs=inputs, outputs=outputs)
        except BadRequest as refused:
            return refused.message

    found = outcome()
    assert found == outcome()
    text = found if isinstance(found, str) else repr(found.argvs)
    assert text.encode()
    assert isinstance(found, str) or not any("\0" in word for argv in found.argvs for word in argv)


NAMES = st.text(min_size=1, max_size=40).filter(
    lambda name: not re.search(r"[\x00-\x1f\x7f-\x9f/\ud800-\udfff\ufffe\uffff]", name)
)
SPELLABLE = NAMES.filter(
    lambda name: (
        name[0] not in ".-"
        and name == name.strip()
        and name not in ("inputs", "outputs")
        and not re.search(r"\{\{|\}|<<|>|\\", name)
    )
)


@given(SPELLABLE, st.sampled_from(["{{%s}}", "<<%s>>", r"\{\{%s\}\}", "'{{%s}}'", '"{{ %s }}"']))
def test_every_path_put_in_for_an_input_is_plain(name: str, spelled: str) -> None:
    argv = one("-i " + spelled.replace("%s", name) + " out-file.mp4", inputs=(name,), outputs=("out-file.mp4",))
    assert re.fullmatch(r"inputs/[A-Za-z0-9_][A-Za-z0-9_.-]*", argv[1])
    assert argv[0] == "-i"
    assert len(argv) == 3


def test_a_long_job_is_resolved_in_one_piece() -> None:
    clips = [f"clip {number}.mp4" for number in range(500)]
    text = " ".join(f"-i {{{{{clip}}}}}" for clip in clips) + " -filter_complex concat=n=500 {{out.mp4}}"
    argv = one(text, inputs=tuple(clips))
    assert argv[2 * 499 + 1] == "inputs/input-500.mp4"
    assert len(options.read(argv).inputs) == 500


def test_a_refusal_is_short_and_printable_whatever_it_is_about() -> None:
    assert refusal("-i 'pipe:\x1b" + "x" * 200_000 + "' out.mp4").startswith('-i "pipe:\\x1bxxx')
    assert len(refusal("-i 'pipe:" + "x" * 200_000 + "' out.mp4")) < 300


@pytest.mark.parametrize("output", ["*01.png", "*a_01.png", "?_01.png", "%Y01.png"])
def test_an_output_whose_end_ffmpeg_numbers_is_not_called_unwritten(output: str) -> None:
    assert one("-i in.mp4 a_%02d.png", outputs=(output,))


@pytest.mark.parametrize("name", ["{{{{%03d", "a}}%03d", "<<%03d>>", "}}}}}}%03d"])
@pytest.mark.parametrize("piece", ["{", "}", "<", "{{a}}", "<<", "{{{{500}}"])
def test_a_thousand_names_that_hold_delimiters_cost_what_one_does(name: str, piece: str) -> None:
    names = [name % number for number in range(1000)]
    text = "-version " + piece * (64_000 // len(piece))  # it takes minutes where every name is tried at every brace
    with suppress(BadRequest):
        resolve([text], inputs=names, outputs=())


def test_a_glob_among_a_thousand_hostile_patterns_is_offered_soon() -> None:
    patterns = tuple("%d" * 120 + str(number) for number in range(1000))  # each takes a millisecond to compile
    assert "names neither an input nor an output" in refusal("{{%d_}}", outputs=patterns)
    assert 'is no entry of output_files, but like "s*.ts" there' in refusal("{{s%d.ts}}", outputs=("a", "b", "s*.ts"))


def test_the_largest_command_is_taken() -> None:
    text = "-i in.mp4 -vf '"
    text += "null," * ((command.MAX_BYTES - len(text) - len("null' out.mp4")) // 5) + "null' out.mp4"
    assert one(text)[-1] == "out.mp4"
