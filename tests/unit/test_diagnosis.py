"""Why a command failed, from made-up cases: what other versions of FFmpeg say, crashes, what no rule knows."""

from dataclasses import replace

import pytest

from ffmill.diagnosis.case import Case
from ffmill.diagnosis.diagnose import RULES, diagnose
from ffmill.diagnosis.rule import Rule
from ffmill.errors import FailureCode
from ffmill.ffmpeg.build import Build, Coder, Lists
from ffmill.jobs.command import resolve
from ffmill.jobs.failure import Failure, Stage
from tests.running import job

BUILD = Build(
    id="small",
    version="5.1",
    lists=Lists(
        options=frozenset({"i", "crf", "preset", "vf", "c", "b", "map", "vcodec", "f"}),
        encoders={"libx264": Coder(kind="V", codec="h264"), "aac": Coder(kind="A", codec="aac")},
        decoders={"h264": Coder(kind="V", codec="h264")},
        filters={"scale": "V->V", "hflip": "V->V", "fade": "V->V"},
        filter_options={"fade": ("type", "t", "start_time", "st", "duration", "d")},
        muxers=frozenset({"mp4", "matroska", "gif"}),
        demuxers=frozenset({"mov", "matroska"}),
        pixel_formats=frozenset({"yuv420p"}),
        bitstream_filters=frozenset({"h264_mp4toannexb"}),
    ),
)
PLAIN = "-i {{in.mp4}} {{o.mp4}}"


def failure(*said: str, command: str = PLAIN, code: int = 1, build: Build | None = BUILD) -> Failure:
    inputs, outputs = {"in.mp4": "https://example.org/in.mp4"}, ["o.mp4"]
    argv = resolve([command], inputs=list(inputs), outputs=outputs).argvs[0]
    asked = replace(job(input_files=inputs, output_files=outputs), ffmpeg_commands=(command,))
    return diagnose(Case(job=asked, index=0, argv=argv, exit_code=code, said=said, build=build))


@pytest.mark.parametrize(
    ("command", "said", "code", "hint"),
    [
        pytest.param(
            "-i {{in.mp4}} -filter_complex [0:v]scale=2:2[v] -map [v] -c:v copy {{o.mp4}}",
            "Streamcopy requested for output stream 0:0, which is fed from a complex filtergraph. Filtering and "
            "streamcopy cannot be used together.",
            FailureCode.FILTER_WITH_COPY,
            "leave -c copy out",
            id="copy of a complex graph, 5",
        ),
        pytest.param(
            "-i {{in.mp4}} -vf scale=2:2 -c:v copy {{o.mp4}}",
            "Filtergraph 'scale=2:2' was defined for video output stream 0:0 but codec copy was selected.",
            FailureCode.FILTER_WITH_COPY,
            "leave -c copy out",
            id="copy of a simple graph, 5",
        ),
        pytest.param(
            PLAIN,
            "Cannot find a matching stream for unlabeled input pad 1 on filter Parsed_overlay_0",
            FailureCode.BAD_FILTER_GRAPH,
            "[0:v][1:v]overlay",
            id="unfed pad, 6",
        ),
        pytest.param(
            PLAIN,
            "Filter split:output1 has an unconnected output",
            FailureCode.BAD_FILTER_GRAPH,
            "needs a label",
            id="unconnected output, 6",
        ),
        pytest.param(
            "-i {{in.mp4}} -vf fade=typ=in {{o.mp4}}",
            "[fade @ 0x55] Option 'typ' not found",
            FailureCode.BAD_FILTER_OPTION,
            "write type",
            id="filter option, 5",
        ),
        pytest.param(
            PLAIN,
            "Stream map '0:a' matches no streams.",
            FailureCode.STREAM_NOT_FOUND,
            "-map 0:a?",
            id="map, 6",
        ),
        pytest.param(
            "-i {{in.mp4}} -f mpp4 {{o.mp4}}",
            "[NULL @ 0x55] Requested output format 'mpp4' is not a suitable output format",
            FailureCode.NO_SUCH_FORMAT,
            "write mp4",
            id="output format, 5",
        ),
        pytest.param(
            PLAIN,
            "[NULL @ 0x55] Unable to find a suitable output format for 'outputs/o'",
            FailureCode.OUTPUT_FORMAT_UNKNOWN,
            "suffix",
            id="no format, 6",
        ),
        pytest.param(
            PLAIN,
            "inputs/in.mp4: Invalid data found when processing input",
            FailureCode.INPUT_NOT_MEDIA,
            "URL",
            id="no media, 5",
        ),
        pytest.param(
            "-i inputs/in.mp4 -i t%d.png {{o.mp4}}",
            "t%d.png: No such file or directory",
            FailureCode.FILE_NOT_FOUND,
            "input_files",
            id="no file, 5",
        ),
        pytest.param(
            PLAIN,
            "Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe "
            "incorrect parameters such as bit_rate, rate, width or height",
            FailureCode.ENCODER_REFUSED,
            "settings",
            id="encoder, 5",
        ),
        pytest.param(
            PLAIN,
            "[libopus @ 0x55] Specified sample rate 44100 is not supported",
            FailureCode.ENCODER_REFUSED,
            "-ar 48000",
            id="sample rate, 4",
        ),
        pytest.param(
            PLAIN,
            "av_interleaved_write_frame(): No space left on device",
            FailureCode.DISK_LIMIT,
            "write less",
            id="disk",
        ),
        pytest.param(
            PLAIN,
            "Output outputs/o.mp4 same as Input #0 - exiting",
            FailureCode.OUTPUT_UNWRITABLE,
            "write to another name",
            id="an output that is an input",
        ),
        pytest.param(PLAIN, "Error: Cannot allocate memory", FailureCode.MEMORY_LIMIT, "smaller", id="memory"),
        pytest.param(
            PLAIN,
            "[libx264 @ 0x55] creating thread failed: Resource temporarily unavailable",
            FailureCode.THREAD_LIMIT,
            "-threads 1",
            id="threads",
        ),
    ],
)
def test_what_other_versions_say_is_known(command: str, said: str, code: FailureCode, hint: str) -> None:
    found = failure(said, command=command)
    assert (found.code, found.stage, found.detail) == (code, Stage.COMMAND, said)
    assert hint in found.hint


@pytest.mark.parametrize(
    ("code", "signal"), [(139, "SIGSEGV"), (134, "SIGABRT"), (136, "SIGFPE"), (132, "SIGILL"), (137, "SIGKILL")]
)
def test_a_crash_is_told_whatever_was_said_before(code: int, signal: str) -> None:
    found = failure("[h264 @ 0x55] Invalid NAL unit size", code=code)
    assert (found.code, found.exit_code) == (FailureCode.FFMPEG_CRASHED, code)
    assert signal in found.summary
    assert found.detail == "[h264 @ 0x55] Invalid NAL unit size"


def test_the_exit_code_of_a_full_quota_is_no_crash() -> None:
    assert failure("Error writing trailer: Disk quota exceeded", code=134).code is FailureCode.DISK_LIMIT


def test_what_no_rule_knows_is_shown_as_ffmpeg_wrote_it() -> None:
    said = ("[new @ 0x55] Something that no FFmpeg says yet", "Error opening output files: Invalid argument")
    assert failure(*said, code=234) == Failure(
        code=FailureCode.UNKNOWN,
        stage=Stage.COMMAND,
        summary="ffmpeg exited with code 234",
        detail="\n".join(said),
        command_index=0,
        exit_code=234,
    )


def test_nothing_said_is_no_fault_of_ours() -> None:
    assert failure().code is FailureCode.UNKNOWN


def test_consequences_are_left_out_of_the_detail() -> None:
    found = failure(
        "[libx264 @ 0x55] width not divisible by 2 (81x45)",
        "[vost#0:0/libx264 @ 0x55] [enc:libx264 @ 0x55] Error while opening encoder - maybe incorrect parameters",
        "[vf#0:0 @ 0x55] Error sending frames to consumers: Generic error in an external library",
        "[out#0/mp4 @ 0x55] Nothing was written into output file, because one of its streams received no packets.",
    )
    assert found.detail == "[libx264 @ 0x55] width not divisible by 2 (81x45)"


def test_without_the_lists_of_the_ffmpeg_the_code_is_the_same() -> None:
    found = failure("Unrecognized option 'cfr'.", command="-i {{in.mp4}} -cfr 2 {{o.mp4}}", build=None)
    assert (found.code, found.corrected_command) == (FailureCode.NO_SUCH_OPTION, None)
    assert "-cfr" in found.summary


def test_quotes_of_a_word_processor_are_not_blamed_for_a_line_that_shows_the_whole_graph() -> None:
    said = "[fc#0 @ 0x55] Invalid file index 1 in filtergraph description “[1:v]hflip”."
    assert failure(said, command="-i {{in.mp4}} -vf “[1:v]hflip” {{o.mp4}}").code is FailureCode.STREAM_NOT_FOUND


def test_a_decoder_is_blamed_only_for_what_it_says_itself() -> None:
    said, command = "[%s @ 0x55] Invalid NAL unit size (9 > 8).", "-c:v hevc -i {{in.mp4}} {{o.mp4}}"
    codes = [failure(said % name, command=command, code=183).code for name in ("hevc", "h264")]
    assert codes == [FailureCode.OPTION_MISPLACED, FailureCode.INPUT_DAMAGED]


def test_a_gpu_that_is_not_there_is_no_lack_of_memory() -> None:
    said = ("Device creation failed: -12.", "Error opening input file: Cannot allocate memory")
    found = failure(*said, command="-hwaccel vdpau -i {{in.mp4}} {{o.mp4}}")
    assert (found.code, found.corrected_command) == (FailureCode.GPU_UNAVAILABLE, PLAIN)


def test_all_that_is_misspelled_is_mended_at_once() -> None:
    command = "-i {{in.mp4}} -vcodc libx246 -prset fast {{o.mp4}}"
    found = failure("Unrecognized option 'vcodc'.", command=command)
    assert found.corrected_command == "-i {{in.mp4}} -vcodec libx264 -preset fast {{o.mp4}}"


def test_nothing_is_mended_where_one_of_several_things_is_not_sure() -> None:
    command = "-i {{in.mp4}} -vcodc nothing_like_it {{o.mp4}}"
    assert failure("Unrecognized option 'vcodc'.", command=command).corrected_command is None


def test_the_mended_one_of_several_commands_is_the_one_that_failed() -> None:
    commands = ("-i {{in.mp4}} temp.mp4", "-i temp.mp4 -cfr 2 {{o.mp4}}")
    asked = replace(job(input_files={"in.mp4": "x"}, output_files=["o.mp4"]), ffmpeg_commands=commands)
    argv = ("-i", "temp.mp4", "-cfr", "2", "outputs/o.mp4")
    case = Case(job=asked, index=1, argv=argv, exit_code=8, said=("Unrecognized option 'cfr'.",), build=BUILD)
    assert diagnose(case).corrected_command == "-i temp.mp4 -crf 2 {{o.mp4}}"
    assert diagnose(case).command_index == 1


SIGNS = tuple("'\"([:,;\\=/.*?0a ")
BEGINNINGS = {
    "nothing": "",
    "an option": "Unrecognized option '",
    "a misplaced option": "Option x ",
    "contexts": "[a @ 0x1] " * 90,
    "a range": "Value 1 for parameter '",
    "sizes": "First input link a parameters (size 1x1) ",
}


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("begin", BEGINNINGS.values(), ids=BEGINNINGS)
def test_hostile_lines_end_in_a_finding(begin: str, sign: str) -> None:
    line = begin + sign * 5000
    command = f"-i {{{{in.mp4}}}} -vf '{'scale=(,;[a]' * 2000}' {'-aaaa1 x ' * 2000} {{{{o.mp4}}}}"
    found = failure(*[line] * 20, command=command)
    assert isinstance(found.code, FailureCode)
    assert found.corrected_command is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern.pattern[:60])
def test_a_rule_reads_long_lines_of_signs(rule: Rule) -> None:
    assert not any(rule.pattern.fullmatch("x " + sign * 1000) for sign in SIGNS)
