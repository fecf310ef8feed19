"""How ffmpeg reads its command line: which words are options, values, inputs and outputs.

After `split_commandline` in FFmpeg's fftools/cmdutils.c. The tables are those of FFmpeg 9 (`ffmpeg -h full`; an option
takes a value when ffmpeg says "Missing argument" without one), with flags of older versions that did no harm.
Whatever is in no table takes a value: all options of codecs, formats and protocols do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


def set_of(text: str) -> frozenset[str]:
    """The words of `text`, for a table."""
    return frozenset(text.split())


FLAGS = set_of(
    """
    accurate_seek an auto_conversion_filters autorotate autoscale benchmark benchmark_all bitexact copy_unknown copyinkf
    copyts debug_ts display_hflip display_vflip dn dump find_stream_info fix_sub_duration fix_sub_duration_heartbeat
    force_fps hex hide_banner ignore_unknown n print_graphs re recast_media report shortest sn start_at_zero stats stdin
    vn vstats xerror y
    deinterlace intra psnr qphist same_quant sameq
    """
)
ANSWERS = set_of(  # ffmpeg prints what they ask for and ends, whatever else the command holds
    """
    -help ? L bsfs buildconf codecs colors decoders demuxers devices dispositions encoders filters formats h help
    hwaccels layouts license muxers pix_fmts protocols sample_fmts sinks sources version
    """
)
VALUED = set_of(  # of ffmpeg itself: these read their value from a file when written -/option
    """
    ab abort_on ac acodec af aframes apad apply_cropping apre aq ar aspect atag attach b bits_per_raw_sample bsf c
    canvas_size ch_layout channel_layout chroma_intra_matrix codec content_light copypriorss copytb cpucount cpuflags
    dcodec dframes discard display_rotation disposition drop_changed dts_delta_threshold dts_error_threshold
    dump_attachment enc_time_base f filter filter_buffered_frames filter_complex filter_complex_threads filter_hw_device
    filter_threads force_key_frames fpre fps_mode fpsmax frame_drop_threshold frames fs guess_layout_max hwaccel
    hwaccel_device hwaccel_output_format init_hw_device inter_matrix intra_matrix isync itsoffset itsscale lavfi
    loglevel map map_chapters map_metadata mastering_display max_alloc max_error_rate max_muxing_queue_size metadata
    muxdelay muxing_queue_data_threshold muxpreload pass passlogfile pix_fmt pre print_graphs_file print_graphs_format
    profile program progress q qscale qsv_device r rc_override readrate readrate_catchup readrate_initial_burst
    reinit_filter sample_fmt scodec sdp_file seek_timestamp shortest_buf_duration spre ss sseof stag stats_enc_post
    stats_enc_post_fmt stats_enc_pre stats_enc_pre_fmt stats_mux_pre stats_mux_pre_fmt stats_period stream_group
    stream_loop streamid t tag target thread_queue_size time_base timecode timelimit timestamp to v vaapi_device vcodec
    vf vframes vpre vstats_file vstats_version vtag
    """
)
GRAPHS = frozenset({"filter", "vf", "af", "filter_complex", "lavfi"})  # their value is a filter graph
DEVICES = set_of(  # formats whose `-i` names no file
    """
    alsa android_camera avfoundation bktr decklink dshow dvdvideo fbdev gdigrab iec61883 jack kmsgrab lavfi libcdio
    libdc1394 openal oss pulse sndio v4l2 vfwcap video4linux2 x11grab xcbgrab
    """
)

HARDWARE = set_of(  # formats of inputs and outputs that are a host's screen, camera or sound
    """
    alsa avfoundation caca decklink dshow fbdev gdigrab jack kmsgrab openal opengl oss pulse sdl sdl2 sndio v4l2
    video4linux2 x11grab xcbgrab xv
    """
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option of a command line."""

    at: int  # the index of its word
    name: str  # without the dash and the stream specifier: "c" for "-c:v"
    value: str = ""  # empty for a flag


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One input or output of a command line, with the options before it."""

    at: int  # the index of the word that names it
    path: str
    options: tuple[Option, ...]

    def last(self, *names: str) -> str | None:
        """The value that is in force: the last one given of an option that has these names; None when not given."""
        return next((option.value for option in reversed(self.options) if option.name in names), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A command line as ffmpeg reads it."""

    inputs: tuple[File, ...]
    outputs: tuple[File, ...]
    trailing: tuple[Option, ...]  # after the last output

    @property
    def options(self) -> Iterator[Option]:
        """All options, those of inputs first."""
        for file in (*self.inputs, *self.outputs):
            yield from file.options
        yield from self.trailing

    @property
    def answers(self) -> bool:
        """Whether ffmpeg only prints what it is asked for, as with `-version`."""
        return any(option.name in ANSWERS for option in self.options)

    @property
    def graphs(self) -> Iterator[str]:
        """All filter graphs."""
        for option in self.options:
            if option.name in GRAPHS:
                yield option.value
        for file in self.inputs:
            if file.last("f") == "lavfi":
                yield file.path


def read(argv: Sequence[str]) -> Line:
    """`argv`, the words after `ffmpeg`, as ffmpeg reads them; an option at the end without a value has an empty one."""
    inputs: list[File] = []
    outputs: list[File] = []
    options: list[Option] = []
    plain_next = False
    words = iter(enumerate(argv))
    for at, word in words:
        if not plain_next and word == "--":
            plain_next = True
            continue
        if plain_next or word == "-" or not word.startswith("-"):
            outputs.append(File(at=at, path=word, options=tuple(options)))
            options, plain_next = [], False
        elif word == "-i":
            here, path = next(words, (at, ""))
            inputs.append(File(at=here, path=path, options=tuple(options)))
            options = []
        else:
            name = word[1:].partition(":")[0]
            value = "" if _is_flag(name) else next(words, (at, ""))[1]
            options.append(Option(at=at, name=name, value=value))
    return Line(inputs=tuple(inputs), outputs=tuple(outputs), trailing=tuple(options))


def _is_flag(name: str) -> bool:
    return name in FLAGS or (name.startswith("no") and name[2:] in FLAGS)
