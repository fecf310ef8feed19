"""Mistakes that people make with inputs, what they are told, and the command that they meant."""

# commands and hints as they are, each in one piece

from ffmill.errors import FailureCode
from tests.integration.diagnosis.mistakes import Mistake

MISTAKES = (
    Mistake(
        "filt-subs-missing",
        "-i {{av.mp4}} -vf subtitles=nothere.srt {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "filt-subs-bad",
        "-i {{av.mp4}} -vf subtitles={{text.mp4}} {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "look at what its URL gives: it may be an error page, or a file of anot",
    ),
    Mistake(
        "filt-ass-missing",
        "-i {{av.mp4}} -vf ass=nothere.ass {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "filt-movie",
        '-i {{av.mp4}} -vf "movie=nothere.png[l];[in][l]overlay[out]" {{o.mp4}}',
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "filt-lut",
        "-i {{av.mp4}} -vf lut3d=nothere.cube {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "filt-vidstab",
        "-i {{av.mp4}} -vf vidstabtransform=input=none.trf {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "in-text",
        "-i {{text.mp4}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "look at what its URL gives: the download or the recording may have bro",
    ),
    Mistake(
        "in-html",
        "-i {{page.mp4}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "look at what its URL gives: the download or the recording may have bro",
    ),
    Mistake(
        "in-empty",
        "-i {{empty.mp4}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "look at what its URL gives: the download or the recording may have bro",
    ),
    Mistake(
        "in-trunc",
        "-i {{truncated.mp4}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "look at what its URL gives: the download or the recording may have bro",
    ),
    Mistake(
        "in-f-wrong",
        "-f mp4 -i {{a.mp3}} {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "leave -f mp4 out: FFmpeg finds the format by itself",
        "-i {{a.mp3}} {{o.mp4}}",
    ),
    Mistake(
        "in-f-wrong2",
        "-f avi -i {{av.mp4}} {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "leave -f avi out: FFmpeg finds the format by itself",
        "-i {{av.mp4}} {{o.mp4}}",
    ),
    Mistake(
        "in-f-matroska",
        "-f matroska -i {{av.mp4}} {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "leave -f matroska out: FFmpeg finds the format by itself",
        "-i {{av.mp4}} {{o.mp4}}",
    ),
    Mistake(
        "in-missing",
        "-i temp%03d.png {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "inputs are files of their names: write -i inputs/NAME%03d.png for inpu",
    ),
    Mistake(
        "in-missing-glob",
        '-pattern_type glob -i "*.bmp" {{o.mp4}}',
        FailureCode.FILE_NOT_FOUND,
        "inputs are files of their names: write -i inputs/NAME%03d.png for inpu",
    ),
    Mistake(
        "in-txt-as-srt",
        "-i {{av.mp4}} -i {{unsafe.txt}} {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "if it lists files to join, write -f concat before its -i",
    ),
    Mistake(
        "concat-unsafe",
        "-f concat -i {{unsafe.txt}} -c copy {{o.mp4}}",
        FailureCode.UNSAFE_FILE_NAME,
        "a list can only name files of the job: write inputs/NAME in it",
    ),
    Mistake(
        "concat-unsafe2",
        "-f concat -i {{unsafe2.txt}} -c copy {{o.mp4}}",
        FailureCode.UNSAFE_FILE_NAME,
        "a list can only name files of the job: write inputs/NAME in it",
    ),
    Mistake(
        "concat-unsafe3",
        "-f concat -safe 0 -i {{unsafe2.txt}} -c copy {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "concat-badlist",
        "-f concat -i {{badlist.txt}} -c copy {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "write each line of the list as: file 'NAME'",
    ),
    Mistake(
        "concat-notlist",
        "-f concat -i {{av.mp4}} -c copy {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "write each line of the list as: file 'NAME'",
    ),
    Mistake(
        "concat-no-f",
        "-i {{list.txt}} -c copy {{o.mp4}}",
        FailureCode.INPUT_NOT_MEDIA,
        "if it lists files to join, write -f concat before its -i",
        "-f concat -safe 0 -i {{list.txt}} -c copy {{o.mp4}}",
    ),
    Mistake(
        "concat-proto",
        '-i "concat:inputs/av.ts|inputs/none.ts" -c copy {{o.mp4}}',
        FailureCode.FILE_NOT_FOUND,
        "give every file in input_files, and write inputs/NAME where one names ",
    ),
    Mistake(
        "net-hls",
        "-i {{net.m3u8}} -c copy {{o.mp4}}",
        FailureCode.PROTOCOL_REFUSED,
        "give every file that it names in input_files, and make it name them as",
    ),
    Mistake(
        "net-hls2",
        "-protocol_whitelist file -i {{net.m3u8}} -c copy {{o.mp4}}",
        FailureCode.PROTOCOL_REFUSED,
        "give every file that it names in input_files, and make it name them as",
    ),
    Mistake(
        "proto-whitelist",
        "-protocol_whitelist http -i {{av.mp4}} -c copy {{o.mp4}}",
        FailureCode.PROTOCOL_REFUSED,
        "leave -protocol_whitelist out, or add file",
        "-i {{av.mp4}} -c copy {{o.mp4}}",
    ),
    Mistake(
        "attach",
        "-i {{av.mp4}} -attach nothere.ttf -c copy {{o.mkv}}",
        FailureCode.FILE_NOT_FOUND,
        "give it in input_files, and write {{NAME}}",
    ),
    Mistake(
        "pass2",
        "-i {{av.mp4}} -pass 2 -b:v 100k {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "write a command before this one with -pass 1 and the same settings, -passlogfile too, en",
    ),
    Mistake("xerror", "-xerror -i {{truncated.ts}} {{o.mp4}}", FailureCode.INPUT_DAMAGED, "send the file again"),
    Mistake(
        "net",
        "-protocol_whitelist file,http,tcp,crypto -i {{net.m3u8}} -c copy {{o.mp4}}",
        FailureCode.PROTOCOL_REFUSED,
        "give every file in input_files, and make what names them name plain fi",
    ),
    Mistake("damaged", "-i {{broken.mp4}} {{o.mp4}}", FailureCode.INPUT_DAMAGED, "send the file again"),
    Mistake(
        "damagedx",
        "-xerror -err_detect explode -i {{broken.mp4}} {{o.mp4}}",
        FailureCode.INPUT_DAMAGED,
        "send the file again",
    ),
    Mistake(
        "concat-blank",
        "-f concat -i {{blank.txt}} -c copy {{o.mp4}}",
        FailureCode.UNSAFE_FILE_NAME,
        "write -safe 0 before the list's -i, or give the files names without bl",
        "-f concat -safe 0 -i {{blank.txt}} -c copy {{o.mp4}}",
    ),
)
