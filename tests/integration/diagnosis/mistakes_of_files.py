"""Mistakes with files, lists and maps, what their authors are told, and the command that they meant."""

# commands and hints as they are, each in one piece

from ffmill.errors import FailureCode
from tests.integration.diagnosis.mistakes import Mistake

MISTAKES = (
    Mistake(
        "decoder-of-another",
        "-c:v hevc -i {{av.mp4}} {{o.mp4}}",
        FailureCode.OPTION_MISPLACED,
        "leave it out",
    ),
    Mistake(
        "no-vdpau",
        "-hwaccel vdpau -i {{av.mp4}} {{o.mp4}}",
        FailureCode.GPU_UNAVAILABLE,
        "leave -hwaccel out",
        "-i {{av.mp4}} {{o.mp4}}",
    ),
    Mistake(
        "latin-srt",
        "-i {{latin.srt}} {{o.ass}}",
        FailureCode.INPUT_DAMAGED,
        "-sub_charenc CP1252",
    ),
    Mistake(
        "latin-srt-filter",
        "-i {{av.mp4}} -vf subtitles={{latin.srt}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "charenc=CP1252",
    ),
    Mistake(
        "ass-of-srt",
        "-i {{av.mp4}} -vf ass={{s.srt}} {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "write subtitles= in place of ass=",
        "-i {{av.mp4}} -vf subtitles={{s.srt}} {{o.mp4}}",
    ),
    Mistake(
        "path-windows",
        "-i {{av.mp4}} -vf subtitles=C:\\\\Users\\\\me\\\\s.srt {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "write {{s.srt}}",
        "-i {{av.mp4}} -vf subtitles=inputs/s.srt {{o.mp4}}",
    ),
    Mistake(
        "path-movie",
        '-i {{av.mp4}} -vf "movie=logo.png[l];[in][l]overlay" {{o.mp4}}',
        FailureCode.FILE_NOT_FOUND,
        "write {{logo.png}}",
        "-i {{av.mp4}} -vf 'movie=inputs/logo.png[l];[in][l]overlay' {{o.mp4}}",
    ),
    Mistake(
        "textfile-missing",
        "-i {{av.mp4}} -vf drawtext=textfile=missing.txt {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files",
    ),
    Mistake(
        "key-missing",
        "-i {{av.mp4}} -f hls -hls_key_info_file {{keyinfo.txt}} {{o.m3u8}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files",
    ),
    Mistake(
        "list-of-urls",
        "-f concat -safe 0 -i {{listhttp.txt}} -c copy {{o.mp4}}",
        FailureCode.PROTOCOL_REFUSED,
        "write its NAME in the list",
    ),
    Mistake(
        "list-with-mark",
        "-f concat -i {{mark.txt}} -c copy {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "without BOM",
    ),
    Mistake(
        "list-format-after",
        "-i {{list.txt}} -f concat -c copy {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "write -f concat before",
        "-f concat -safe 0 -i {{list.txt}} -c copy {{o.mp4}}",
    ),
    Mistake(
        "format-reads-only",
        "-i {{av.mp4}} -safe 0 -f concat {{o.mp4}}",
        FailureCode.NO_SUCH_FORMAT,
        "to read concat",
    ),
    Mistake(
        "pictures-plain",
        "-framerate 10 -i img_%03d.png -pix_fmt yuv420p {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "write -i inputs/",
        "-framerate 10 -i inputs/img_%03d.png -pix_fmt yuv420p {{o.mp4}}",
    ),
    Mistake(
        "pictures-later",
        "-start_number 2 -i img_%03d.png {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "write -i inputs/",
        "-start_number 2 -i inputs/img_%03d.png {{o.mp4}}",
    ),
    Mistake(
        "decoder-and-damage",
        "-c:a aac -xerror -i {{broken.mp4}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "send the file again",
    ),
    Mistake(
        "pictures-two-percents",
        "-framerate 10 -i img_%%03d.png {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "write img_%03d.png",
        "-framerate 10 -i inputs/img_%03d.png {{o.mp4}}",
    ),
    Mistake(
        "pictures-glob",
        "-framerate 10 -pattern_type glob -i *.png {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "write -i inputs/",
        "-framerate 10 -pattern_type glob -i 'inputs/*.png' {{o.mp4}}",
    ),
    Mistake(
        "pictures-no-glob",
        "-framerate 10 -i *.png {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "-pattern_type glob",
        "-framerate 10 -pattern_type glob -i 'inputs/*.png' {{o.mp4}}",
    ),
    Mistake(
        "map-minus",
        "-i {{av.mp4}} -map -0:a {{o.mp4}}",
        FailureCode.STREAM_NOT_FOUND,
        "write -map 0 before",
        "-i {{av.mp4}} -map 0 -map -0:a {{o.mp4}}",
    ),
    Mistake(
        "map-comma",
        "-i {{av.mp4}} -map 0,v {{o.mp4}}",
        FailureCode.BAD_OPTION_VALUE,
        "write -map 0:v",
        "-i {{av.mp4}} -map 0:v {{o.mp4}}",
    ),
    Mistake(
        "map-word",
        "-i {{av.mp4}} -map 0:video {{o.mp4}}",
        FailureCode.BAD_OPTION_VALUE,
        "write -map 0:v",
        "-i {{av.mp4}} -map 0:v {{o.mp4}}",
    ),
    Mistake(
        "map-parentheses",
        '-i {{av.mp4}} -filter_complex "[0:v]scale=80:-2[v]" -map "(v)" {{o.mp4}}',
        FailureCode.BAD_OPTION_VALUE,
        "write -map [v]",
        "-i {{av.mp4}} -filter_complex \"[0:v]scale=80:-2[v]\" -map '[v]' {{o.mp4}}",
    ),
    Mistake(
        "metadata-kind",
        "-i {{av.mp4}} -metadata:x title=a {{o.mp4}}",
        FailureCode.BAD_OPTION_VALUE,
        "-metadata:s:a:0",
    ),
    Mistake(
        "disposition-attached",
        "-i {{a.mp3}} -i {{logo.png}} -map 0:a -map 1:v -c copy -disposition:v attached {{o.mp3}}",
        FailureCode.BAD_OPTION_VALUE,
        "attached_pic",
    ),
)
