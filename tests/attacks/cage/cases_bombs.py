"""What would fill the disk, the memory, the table of processes or the log; each ends by its limit, and soon."""

import os
from dataclasses import replace
from pathlib import Path

from ffmill.sandbox.limits import MIB
from tests.attacks.cage.case import NONE, SMALL, SOUND, VIDEO, Case, Places
from tests.attacks.cage.containers import compressed_header, laughs, png, svgz

FILE, JOB, MEMORY = "a file grew beyond", "inputs and files grew beyond", "of memory"
MANY, OPEN = "more than .* files", "files open at once"
# The kernel counts the threads of a slot's user; where there are none, only the watch counts, five times a second.
THREADS = "threads" if os.geteuid() == 0 else ""
TIGHT = replace(SMALL, file_bytes=4 * MIB, job_bytes=8 * MIB, memory_bytes=192 * MIB, files=40)
FEW = replace(SMALL, threads=24)
ENDLESS = "-f lavfi -i testsrc2=s=320x240"
BRANCHES = "".join(f"[a{n}]" for n in range(90))
URANDOM = "-f rawvideo -pix_fmt gray -s 640x480 -i /dev/urandom"

DISK = [
    Case("a file without end", f"{ENDLESS} -f rawvideo outputs/x", limit=FILE, limits=TIGHT),
    Case("a file from the random device", f"{URANDOM} -f rawvideo outputs/x", limit=FILE, limits=TIGHT),
    Case("an input over and over", "-stream_loop -1 -f s16le -i inputs/a -f s16le outputs/x", {"a": "mine" * 9999},
         limit=FILE, limits=TIGHT),
    Case("a file of holes", f"{VIDEO} -c:v mpeg4 -moov_size 4000000000 outputs/x.mp4", fails=True),
    Case("a file of holes for an index", f"{VIDEO} -c:v mpeg4 -reserve_index_space 2000000000 outputs/x.mkv",
         limit=FILE, limits=TIGHT),
    Case("files without end",
         f"{ENDLESS} -map 0 -c:v rawvideo -f segment -segment_format nut -segment_time 0.01 outputs/%d",
         limit=f"{MANY}|{JOB}", limits=TIGHT),
    Case("pictures without end", f"{ENDLESS} -vf scale=64:64 -f image2 -c:v ppm outputs/%d.ppm", limit=f"{MANY}|{JOB}",
         limits=TIGHT),
    Case("empty files without end", f"{ENDLESS} -vf scale=2:2 -f image2 -c:v pgm outputs/%d.pgm", limit=MANY,
         limits=TIGHT),
    Case("directories without end",
         f"{VIDEO} -c:v mpeg2video -f hls -hls_time 0.1 -strftime 1 -strftime_mkdir 1 -hls_segment_filename "
         f"outputs/{'%Y/' * 900}%s.ts outputs/a.m3u8"),
    Case("a cache without end", f"-f data -i cache:async:file:/dev/urandom {NONE}", fails=True, limits=TIGHT),
    Case("statistics without end", f"{ENDLESS} -stats_enc_pre outputs/s -stats_enc_pre_fmt '{'{n}' * 2000}' {NONE}",
         limits=TIGHT, until="progress=continue"),
    Case("a file by tee, many times",
         f"{ENDLESS} -map 0 -c:v rawvideo -f tee '[f=nut]outputs/a|[f=nut]outputs/b|[f=nut]outputs/c'",
         limit=f"{FILE}|{JOB}", limits=TIGHT),
    Case("memory for temporary files", f"{ENDLESS} -f rawvideo /tmp/x", fails=True, limits=TIGHT),
    Case("a report without end", f"-report -loglevel trace {ENDLESS} {NONE}", limits=TIGHT, until="progress=continue"),
]  # fmt: skip

MEMORIES = [
    Case("video backwards", f"-f lavfi -i testsrc2=s=1280x720 -vf reverse {NONE}", limit=MEMORY, limits=TIGHT),
    Case("sound backwards", f"-f lavfi -i anoisesrc=r=192000 -af areverse {NONE}", limit=MEMORY, limits=TIGHT),
    Case("a loop of frames", f"-f lavfi -i testsrc2=s=1280x720 -vf loop=-1:32767 {NONE}", limit=MEMORY, limits=TIGHT),
    Case("a wall of tiles", f"{VIDEO} -vf scale=1280:720,tile=16x16 {NONE}", limit=MEMORY, limits=TIGHT),
    Case("a huge picture", f"-f lavfi -i color=s=16000x16000 -frames:v 1 {NONE}", limit=MEMORY, limits=TIGHT),
    Case("a huge scale", f"{VIDEO} -vf scale=16000:16000 -frames:v 1 {NONE}", limit=MEMORY, limits=TIGHT),
    Case("a huge pad", f"{VIDEO} -vf pad=16000:16000 -frames:v 1 {NONE}", limit=MEMORY, limits=TIGHT),
    Case("many branches", f"-f lavfi -i testsrc2=s=1280x720 -vf 'split=90{BRANCHES};{BRANCHES}hstack=90' {NONE}",
         limit=MEMORY, limits=TIGHT),
    Case("a lag that never ends",
         f"-f lavfi -i testsrc2=s=640x480 -lavfi 'split[a][b];[b]trim=start=9999[c];[a][c]overlay' {NONE}",
         limit=MEMORY, limits=TIGHT),
    Case("a graph within a graph", f"-f lavfi -i '{'null,' * 20000}nullsrc' {NONE}", fails=True, limits=TIGHT),
    Case("a queue of packets",
         f"{ENDLESS} {SOUND} -max_muxing_queue_size 999999999 -muxing_queue_data_threshold 2000000000 -map 0 -map "
         f"1:v? -c:v rawvideo -f mp4 outputs/x", fails=True, limits=TIGHT),
    Case("samples by the billion", f"-f lavfi -i anullsrc=cl=7.1:r=768000:nb_samples=1000000000 {NONE}", fails=True,
         limits=TIGHT),
]  # fmt: skip

PROCESSES = [
    Case("threads by the thousand", f"{VIDEO} -threads 1000 -c:v libx264 {NONE}", limit=THREADS, limits=FEW),
    Case("threads for filters",
         f"-filter_complex_threads 1000 -filter_threads 1000 {VIDEO} -lavfi hue,boxblur,gblur {NONE}", limits=FEW),
    Case("inputs by the hundred", f"{'-f lavfi -i anullsrc ' * 120} {NONE}", limit=THREADS, limits=FEW),
    Case("outputs by the hundred", SOUND + "".join(f" -f wav outputs/{n}" for n in range(90)),
         limit=OPEN, limits=replace(SMALL, open_files=40)),
    Case("asynchronous by the dozen",
         f"{''.join(f'-f data -i async:inputs/a{n} ' for n in range(40))} -map 0 -c copy -f data outputs/x",
         {f"a{n}": "mine" for n in range(40)}, limit=THREADS, limits=FEW),
]  # fmt: skip

SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"
DEEP: dict[str, str | bytes] = {
    **{f"a{n}": "ffconcat version 1.0\n" + f"file a{n + 1}\n" * 9 for n in range(9)},
    "a9": "1\n00:00:00,000 --> 00:00:01,000\nx\n",
}
MPD = "<MPD>&l9;</MPD>"
UNPACKED = [
    Case("a picture of black", f"-i inputs/a.png {NONE}", {"a.png": png(24000, 24000)}, fails=True, limits=TIGHT),
    Case("a picture of black, deep", f"-i inputs/a.png {NONE}", {"a.png": png(14000, 14000, 8)}, limit=MEMORY,
         limits=TIGHT),
    Case("a header that unpacks", f"-i inputs/a.mov {NONE}", {"a.mov": compressed_header(1 << 30)}, fails=True,
         limits=TIGHT),
    Case("a header that tells too much", f"-i inputs/a.mov {NONE}", {"a.mov": compressed_header(0xFFFFFFF0)},
         fails=True, limits=TIGHT),
    Case("a drawing that unpacks", f"-f svg_pipe -i inputs/a.svg {NONE}", {"a.svg": svgz(32 << 20)}, fails=True,
         limits=TIGHT),
    Case("a drawing of any size", f"-f svg_pipe -i inputs/a.svg {NONE}",
         {"a.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>'}, fails=True, limits=TIGHT),
    Case("a drawing that laughs", f"-f svg_pipe -i inputs/a.svg {NONE}",
         {"a.svg": laughs("svg", f"{SVG}<text>&l9;</text></svg>")},
         limits=TIGHT),
    Case("a manifest that laughs", f"-f dash -i inputs/a.mpd {NONE}", {"a.mpd": laughs("MPD", MPD)}, fails=True,
         limits=TIGHT),
    Case("a list of lists of itself", f"-f concat -safe 0 -i inputs/a {NONE}",
         {"a": "ffconcat version 1.0\n" + "file a\n" * 99}, fails=True, limits=TIGHT),
    Case("a list of lists, ten deep", "-f concat -safe 0 -i inputs/a0 -map 0 -c copy -f null -",
         DEEP,
         limits=TIGHT, until="progress=continue"),
    Case("a long line", f"-f srt -i inputs/a {NONE}", {"a": "1\n00:00:00,000 --> 00:00:01,000\n" + "<b>" * (1 << 20)},
         limits=TIGHT, until="muxing overhead"),
]  # fmt: skip

WITHOUT_END = [
    Case("an input without end", f"-re -f lavfi -i testsrc2=s=64x64 {NONE}", until="progress=continue"),
    Case("the random device without end", f"{URANDOM} {NONE}", until="progress=continue"),
    Case("a log without end", f"-loglevel trace {ENDLESS} {NONE}", until="progress=continue"),
    Case("progress without end", f"{ENDLESS} -f framehash pipe:3", until=" 3000, "),
    Case("standard output without end", f"{ENDLESS} -f rawvideo pipe:1", until="progress=continue"),
    Case("standard error without end", f"{ENDLESS} -f rawvideo pipe:2", until="progress=continue"),
    Case("lines without end", f"{ENDLESS} -f framehash pipe:2", until="progress=continue"),
    Case("a wait for what never comes", "-follow 1 -f data -i inputs/a -map 0 -c copy -f data outputs/x",
         {"a": "mine"}, until="progress=continue"),
    Case("text that tells lies", "-f data -i inputs/a -map 0 -c copy -f data pipe:3",
         {"a": "out_time_us=99999999999999999999\nspeed=infx\nprogress=end\n" * 99}),
]  # fmt: skip


def _full(work: Path, _: Places) -> None:
    """As many directories within each other as a path can hold, more or less."""
    deep = work
    for _level in range(180):
        deep /= "d" * 20
    deep.mkdir(parents=True)


DEEPLY = Case("a deep directory", f"{SOUND} outputs/a.wav", set_up=_full)
CASES = [*DISK, *MEMORIES, *PROCESSES, *UNPACKED, *WITHOUT_END, DEEPLY]
