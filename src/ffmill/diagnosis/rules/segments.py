"""Outputs of many files: segments, HLS and its variants, DASH."""

from ffmill.diagnosis.rule import Rule, Says
from ffmill.errors import FailureCode

_BAD = FailureCode.BAD_OPTION_VALUE
RULES = (
    Rule(
        r"Invalid segment filename template '(?P<path>.*?)'",
        Says(_BAD, "segments need names that differ, and {path} has no number", "write a pattern, as part_%03d.ts"),
    ),
    Rule(
        r"Invalid time duration specification '(?P<value>.*?)' in times list (?P<list>.*)",
        Says(_BAD, '"{value}" in "{list}" is no time', "write times in seconds with commas between, as 10,20.5,30"),
    ),
    Rule(
        r"Empty time specification in times list (?P<list>.*)",
        Says(_BAD, 'a time is missing in "{list}"', "write times in seconds with one comma between, as 10,20.5,30"),
    ),
    Rule(
        r"Unable to map stream at (?P<stream>\w+:\d+)",
        Says(
            FailureCode.STREAM_NOT_FOUND,
            "-var_stream_map names {stream}, and the output has no such stream",
            "v:N and a:N count from 0 what is mapped: write -map 0:v -map 0:a once for each variant",
        ),
    ),
    Rule(
        r"Same elementary stream found more than once in two different variant definitions",
        Says(
            _BAD,
            "-var_stream_map gives one stream to two variants",
            "write -map for it once for each variant, as -map 0:a -map 0:a, and a:0 for the one, a:1 for the other",
        ),
    ),
    Rule(
        r"More than 1 variant streams are present, %v is expected .* of file (?P<path>.*)",
        Says(
            _BAD,
            "several variants would be written to one name, {path}",
            "write %v into the name, as outputs/stream_%v.m3u8, and list it in output_files as stream_*.m3u8",
        ),
    ),
    Rule(
        r"Selected stream \"(?P<stream>.*?)\" not found!",
        Says(
            FailureCode.STREAM_NOT_FOUND,
            "-adaptation_sets names {stream}, and the output has no such stream",
            "leave that set out, or -map the stream",
        ),
    ),
)
