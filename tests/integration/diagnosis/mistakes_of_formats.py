"""Mistakes with formats, encoders and variants that were told wrongly once, and what their authors are told."""

# commands and hints as they are, each in one piece

from ffmill.errors import FailureCode
from tests.integration.diagnosis.mistakes import Mistake

MISTAKES = (
    Mistake(
        "only-subtitles",
        "-i {{av.mp4}} -i {{s.srt}} -c:v copy -c:a copy -c:s srt {{o.mp4}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "write -c:s mov_text",
        "-i {{av.mp4}} -i {{s.srt}} -c:v copy -c:a copy -c:s mov_text {{o.mp4}}",
    ),
    Mistake(
        "only-subtitles-mkv",
        "-i {{av.mp4}} -i {{s.srt}} -c copy -c:s mov_text {{o.mkv}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "write -c:s srt",
        "-i {{av.mp4}} -i {{s.srt}} -c copy -c:s srt {{o.mkv}}",
    ),
    Mistake(
        "alpha-copied",
        "-i {{rgba.mov}} -c:v copy {{o.mp4}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "name the output .mov",
    ),
    Mistake(
        "prores-settings",
        "-i {{alpha.webm}} -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le {{o.mp4}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "name the output .mov",
    ),
    Mistake(
        "codec-with-settings",
        "-i {{av.mp4}} -an -c:v vp8 -profile:v 1 {{o.mp4}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "write -c:v libx264",
    ),
    Mistake(
        "attach-mime",
        "-i {{av.mp4}} -c copy -attach {{logo.png}} {{o.mkv}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "mimetype=image/png",
    ),
    Mistake(
        "attach-mp4",
        "-i {{av.mp4}} -c copy -attach {{logo.png}} -metadata:s:t mimetype=image/png {{o.mp4}}",
        FailureCode.CODEC_NOT_IN_CONTAINER,
        "name the output .mkv",
    ),
    Mistake(
        "channels-kept",
        "-i {{surround.wav}} -c:a ac3 -ac 8 {{o.ac3}}",
        FailureCode.ENCODER_REFUSED,
        "write -ac 6",
        "-i {{surround.wav}} -c:a ac3 -ac 6 {{o.ac3}}",
    ),
    Mistake(
        "two-encoders-refuse",
        "-i {{av.mp4}} -c:v h263 {{o.3gp}}",
        FailureCode.ENCODER_REFUSED,
        "write -ar 8000 -ac 1",
    ),
    Mistake(
        "x265-profile",
        "-i {{av.mp4}} -c:v libx265 -profile:v high {{o.mp4}}",
        FailureCode.BAD_OPTION_VALUE,
        "libx265 chooses by -pix_fmt",
    ),
    Mistake(
        "prores-profile-names",
        "-i {{av.mp4}} -c:v prores_ks -profile:v hq422 {{o.mov}}",
        FailureCode.BAD_OPTION_VALUE,
        "proxy, lt, standard",
    ),
    Mistake(
        "dnxhd-small",
        "-i {{av.mp4}} -c:v dnxhd -profile:v dnxhr_hq {{o.mxf}}",
        FailureCode.ENCODER_REFUSED,
        "scale it up",
    ),
    Mistake(
        "crf-two-passes",
        "-i {{av.mp4}} -c:v libx264 -crf 23 -pass 2 {{o.mp4}}",
        FailureCode.ENCODER_REFUSED,
        "in place of -crf",
    ),
    Mistake(
        "x265-second-pass",
        "-i {{av.mp4}} -c:v libx265 -x265-params pass=2 -b:v 100k {{o.mp4}}",
        FailureCode.FILE_NOT_FOUND,
        "pass=1 in place of pass=2",
    ),
    Mistake(
        "mpeg1-rate",
        "-i {{av.mp4}} -c:v mpeg1video -r 10 {{o.mpg}}",
        FailureCode.ENCODER_REFUSED,
        "write -r 25",
    ),
    Mistake(
        "enc-libvpx-vp8",
        "-i {{av.mp4}} -c:v libvpx-vp8 {{o.webm}}",
        FailureCode.NO_SUCH_ENCODER,
        "write libvpx",
        "-i {{av.mp4}} -c:v libvpx {{o.webm}}",
    ),
    Mistake(
        "enc-prores_422",
        "-i {{av.mp4}} -c:v prores_422 {{o.mov}}",
        FailureCode.NO_SUCH_ENCODER,
        "write prores_ks",
        "-i {{av.mp4}} -c:v prores_ks {{o.mov}}",
    ),
    Mistake(
        "enc-m4a",
        "-i {{av.mp4}} -vn -c:a m4a {{o.m4a}}",
        FailureCode.NO_SUCH_ENCODER,
        "write aac",
        "-i {{av.mp4}} -vn -c:a aac {{o.m4a}}",
    ),
    Mistake(
        "variants-unmapped",
        '-i {{av.mp4}} -map 0:v -map 0:a -f hls -var_stream_map "v:0,a:0 v:1,a:1" outputs/s_%v.m3u8',
        FailureCode.STREAM_NOT_FOUND,
        "-map 0:v -map 0:a",
    ),
    Mistake(
        "variants-shared",
        '-i {{av.mp4}} -map 0:v -map 0:v -map 0:a -f hls -var_stream_map "v:0,a:0 v:1,a:0" outputs/s_%v.m3u8',
        FailureCode.BAD_OPTION_VALUE,
        "-map 0:a -map 0:a",
    ),
    Mistake(
        "variants-one-name",
        '-i {{av.mp4}} -map 0:v -map 0:v -map 0:a -map 0:a -f hls -var_stream_map "v:0,a:0 v:1,a:1" {{o.m3u8}}',
        FailureCode.BAD_OPTION_VALUE,
        "write %v",
    ),
    Mistake(
        "sets-missing",
        '-i {{av.mp4}} -f dash -adaptation_sets "id=0,streams=v id=1,streams=a id=2,streams=s" {{o.mpd}}',
        FailureCode.STREAM_NOT_FOUND,
        "leave that set out",
    ),
    Mistake(
        "times-empty",
        "-i {{av.mp4}} -c copy -f stream_segment -segment_times 1,,2 outputs/p%03d.mp4",
        FailureCode.BAD_OPTION_VALUE,
        "one comma between",
    ),
)
