"""What ffmpeg prints of itself, read from pieces of its answers."""

from ffmill.ffmpeg import printed
from ffmill.ffmpeg.build import Coder, Lists

FULL = """Universal media converter
usage: ffmpeg [options] [[infile options] -i infile]... {[outfile options] outfile}...

Print help / information / capabilities:
-L                  show license
--help <topic>      show help

Per-stream options:
-c[:<stream_spec>] <codec>  select encoder/decoder

AVCodecContext AVOptions:
  -b                 <int64>      E..VA...... set bitrate (in bits/s) (from 0 to I64_MAX) (default 200000)
  -side_data_prefer_packet [<int>     ].D.VAS..... Comma-separated list of side data types
  -profile           <int>        E..VA...... profile
     main                         E..VA......
  -strict            <int>        ED.VA...... how strictly to follow the standards (default normal)
     very            2            ED.VA...... strictly conform
     experimental    -2           ED.VA...... allow non-standardized experimental things

prores AVOptions:
  -profile           <int>        E..V....... profile
     hq                           E..V.......

mov/mp4 muxer AVOptions:
  -movflags          <flags>      E.......... MOV muxer flags (default 0)
     faststart                    E.......... Run a second pass

scale AVOptions:
   w                 <string>     ..FV.....T. Output video width
   eval              <int>        ..FV....... specify when to evaluate expressions (default init)
     init            0            ..FV....... eval expressions once during initialization

(a)trim AVOptions:
   start             <duration>   ..FVA...... Timestamp of the first frame

(h|v)stack AVOptions:
   inputs            <int>        ..FV....... set number of inputs (from 2 to INT_MAX) (default 2)

bass/lowshelf AVOptions:
   g                 <double>     ..F.A....T. set gain
"""
ANSWERS = {
    "full": FULL,
    "encoders": "Encoders:\n ------\n V....D libx264              libx264 H.264 (codec h264)\n"
    " A..X.D vorbis               Vorbis\n",
    "decoders": "Decoders:\n ------\n VFS..D h264                 H.264\n",
    "filters": "Filters:\n ... scale             V->V       Scale\n ... trim              V->V       Trim\n"
    " ... atrim             A->A       Trim\n ... hstack            N->V       Stack\n"
    " ... vstack            N->V       Stack\n ..C bass              A->A       Boost\n",
    "muxers": "Muxers:\n ---\n  E  mp4             MP4\n  E  stream_segment,ssegment streaming segment muxer\n",
    "demuxers": "Demuxers:\n ---\n D   mov,mp4,m4a     QuickTime / MOV\n D d lavfi           Virtual input device\n",
    "pixel_formats": "FLAGS NAME  NB_COMPONENTS BITS_PER_PIXEL BIT_DEPTHS\n-----\nIO... yuv420p  3  12  8-8-8\n",
    "bitstream_filters": "Bitstream filters:\naac_adtstoasc\nh264_mp4toannexb\n",
}


def lists() -> Lists:
    return printed.read(ANSWERS)


def test_options_are_told_with_those_that_take_several_values_and_those_that_help_leaves_out() -> None:
    assert lists().options == {
        *("L", "help", "c", "b", "profile", "side_data_prefer_packet", "strict", "movflags"),
        *("i", "s", "dec"),
    }


def test_words_that_options_take_are_told_by_the_option() -> None:
    assert lists().option_values == {  # not those of -profile, in which classes differ
        "strict": ("very", "experimental"),
        "movflags": ("faststart",),
        "scale.eval": ("init",),
    }


def test_filters_that_share_a_class_have_its_options() -> None:
    assert lists().filter_options == {
        "scale": ("w", "eval"),
        "trim": ("start",),
        "atrim": ("start",),
        "hstack": ("inputs",),
        "vstack": ("inputs",),
        "bass": ("g",),
    }


def test_coders_formats_and_the_rest_are_told_by_name() -> None:
    read = lists()
    assert read.encoders == {
        "libx264": Coder(kind="V", codec="h264"),
        "vorbis": Coder(kind="A", codec="vorbis", experimental=True),
    }
    assert list(read.decoders) == ["h264"]
    assert read.filters["atrim"] == "A->A"
    assert read.muxers == {"mp4", "stream_segment", "ssegment"}
    assert read.demuxers == {"mov", "mp4", "m4a", "lavfi"}
    assert read.pixel_formats == {"yuv420p"}
    assert read.bitstream_filters == {"aac_adtstoasc", "h264_mp4toannexb"}
