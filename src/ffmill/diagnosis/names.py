"""The names that people write for encoders, formats and options, and what this FFmpeg calls them."""

from ffmill.diagnosis.nearest import Nearest, nearest
from ffmill.ffmpeg.build import Build, Lists
from ffmill.jobs.options import FLAGS, VALUED, set_of

COMMON_OPTIONS = set_of(  # of encoders and formats, of which thousands are known; ffmpeg's own are common as well
    """
    preset tune crf g bf maxrate minrate bufsize movflags threads level x264-params x265-params svtav1-params refs
    keyint_min sc_threshold qmin qmax framerate video_size pixel_format loop safe start_number pattern_type strict
    flags hls_time hls_list_size hls_segment_filename hls_playlist_type hls_flags segment_time segment_format
    reset_timestamps deadline cpu-used row-mt compression_level quality update sws_flags color_primaries color_trc
    colorspace color_range err_detect fflags analyzeduration probesize avoid_negative_ts max_interleave_delta
    sample_rate protocol_whitelist allowed_extensions brand write_tmcd id3v2_version
    """
)
COMMON_FILTERS = set_of(
    """
    scale crop pad overlay drawtext subtitles fps format trim atrim setpts asetpts volume loudnorm atempo amix amerge
    concat split asplit hflip vflip transpose rotate fade afade eq hue xfade acrossfade zoompan tile hstack vstack
    xstack palettegen paletteuse select aselect setsar setdar aresample aformat pan adelay highpass lowpass
    chromakey colorkey drawbox blend null anull color testsrc testsrc2 sine anullsrc yadif unsharp boxblur gblur
    """
)
ENCODERS = {  # names of codecs, projects and other FFmpegs → (kind, encoders, the best first)
    "x264": ("libx264", "libopenh264"),
    "libh264": ("libx264", "libopenh264"),
    "avc": ("libx264", "libopenh264"),
    "avc1": ("libx264", "libopenh264"),
    "x265": ("libx265", "libkvazaar"),
    "h265": ("libx265", "libkvazaar"),
    "libh265": ("libx265", "libkvazaar"),
    "libhevc": ("libx265", "libkvazaar"),
    "xvid": ("libxvid", "mpeg4"),
    "divx": ("libxvid", "mpeg4"),
    "vp8": ("libvpx",),
    "libvp8": ("libvpx",),
    "libvpx-vp8": ("libvpx",),
    "h.264": ("libx264", "libopenh264"),
    "h.265": ("libx265", "libkvazaar"),
    "libaom": ("libaom-av1",),
    "prores_422": ("prores_ks",),
    "prores422": ("prores_ks",),
    "m4a": ("aac",),
    "libvp9": ("libvpx-vp9",),
    "libav1": ("libsvtav1", "libaom-av1"),
    "svtav1": ("libsvtav1", "libaom-av1"),
    "aom": ("libaom-av1", "libsvtav1"),
    "webp": ("libwebp",),
    "jpg": ("mjpeg",),
    "jpeg": ("mjpeg",),
    "theora": ("libtheora",),
    "mp3": ("libmp3lame",),
    "mp3lame": ("libmp3lame",),
    "lame": ("libmp3lame",),
    "libmp3": ("libmp3lame",),
    "aac_fdk": ("libfdk_aac", "aac"),
    "fdk_aac": ("libfdk_aac", "aac"),
    "libfdk_aac": ("aac",),
    "libaac": ("aac",),
    "libfaac": ("aac",),
    "libvo_aacenc": ("aac",),
    "pcm": ("pcm_s16le",),
    "wav": ("pcm_s16le",),
    "libflac": ("flac",),
    "vtt": ("webvtt",),
    "sub": ("subrip",),
}
DECODERS = {
    "h265": "hevc",
    "x265": "hevc",
    "libx265": "hevc",
    "x264": "h264",
    "avc": "h264",
    "jpg": "mjpeg",
    "jpeg": "mjpeg",
}
FORMATS = {  # suffixes and other names → names of formats
    "mkv": "matroska",
    "mka": "matroska",
    "m4a": "ipod",
    "m4v": "mp4",
    "ts": "mpegts",
    "mts": "mpegts",
    "m3u8": "hls",
    "mpd": "dash",
    "wmv": "asf",
    "wma": "asf",
    "aac": "adts",
    "jpg": "image2",
    "jpeg": "image2",
    "png": "image2",
    "image": "image2",
    "raw": "rawvideo",
    "yuv": "rawvideo",
    "pcm": "s16le",
    "vtt": "webvtt",
    "mpeg4": "mp4",
    "h265": "hevc",
}
OPTIONS = {  # names of other versions and programs → those of this one
    "vsync": "fps_mode",
    "bv": "b:v",
    "ba": "b:a",
    "vb": "b:v",
    "b_v": "b:v",
    "b_a": "b:a",
    "video_bitrate": "b:v",
    "audio_bitrate": "b:a",
    "videobitrate": "b:v",
    "audiobitrate": "b:a",
    "vbitrate": "b:v",
    "abitrate": "b:a",
    "fps": "r",
    "size": "s",
    "resolution": "s",
    "codec_v": "c:v",
    "cv": "c:v",
    "ca": "c:a",
    "input": "i",
    "start": "ss",
    "duration": "t",
    "output_format": "f",
    "format": "f",
    "faststart": "movflags",
    "quality": "q:v",
    "video_filter": "vf",
    "videofilter": "vf",
    "audio_filter": "af",
    "complex_filter": "filter_complex",
    "filtercomplex": "filter_complex",
    "overwrite": "y",
    "absf": "bsf:a",
    "vbsf": "bsf:v",
    "filter_script": "filter",
    "channels": "ac",
}
RETIRED = {  # options that FFmpeg has no more, or that none ever had → how to mend the command
    "sameq": "leave it out; a high quality is -crf 18",
    "same_quant": "leave it out; a high quality is -crf 18",
    "deinterlace": "write -vf yadif in place of it",
    "vol": "write -af volume=2, where 1 is as loud as before",
    "map_channel": "write -af pan=mono|c0=c0 for the first channel alone, c0=c1 for the second",
    "newaudio": "write -map for each stream, as -map 0:v -map 0:a",
    "newvideo": "write -map for each stream, as -map 0:v -map 0:a",
    **dict.fromkeys(("croptop", "cropbottom", "cropleft", "cropright"), "write -vf crop=W:H:X:Y in place of it"),
    **dict.fromkeys(("padtop", "padbottom", "padleft", "padright"), "write -vf pad=W:H:X:Y in place of it"),
}
SURE_OPTIONS = set_of(
    "fps size input duration vsync bv ba vb b_v b_a cv ca video_bitrate audio_bitrate videobitrate audiobitrate "
    "vbitrate abitrate codec_v resolution absf vbsf filtercomplex complex_filter video_filter videofilter "
    "audio_filter"
)


def option(name: str, lists: Lists) -> Nearest:
    """What an unknown option may have meant; names without the dash."""
    plain = name.lstrip("-")
    if plain != name and plain.partition(":")[0] in lists.options:
        return Nearest(names=(plain,), sure=plain)
    base, colon, specifier = plain.partition(":")
    if base != base.lower() and base.lower() in lists.options | VALUED | FLAGS | {"i"}:
        return Nearest(names=(plain.lower(),), sure=plain.lower())
    if meant := OPTIONS.get(base):
        return Nearest(names=(meant,), sure=meant if base in SURE_OPTIONS and not colon else None)
    found = nearest(base, lists.options, common=COMMON_OPTIONS | FLAGS | VALUED)
    return Nearest(
        names=tuple(one + colon + specifier for one in found.names),
        sure=None if found.sure is None else found.sure + colon + specifier,
    )


def encoder(name: str, kind: str | None, build: Build) -> Nearest:
    """What an unknown encoder of this kind (V, A, S or None) may have meant."""
    if there := [one for one in ENCODERS.get(name.lower(), ()) if one in build.lists.encoders]:
        return Nearest(names=tuple(there), sure=there[0])
    known = {one for one, coder in build.lists.encoders.items() if kind in (None, coder.kind)}
    known |= {coder.codec for coder in build.lists.encoders.values() if kind in (None, coder.kind)}
    return nearest(name, known | {"copy"}, common=_COMMON_ENCODERS)


def decoder(name: str, kind: str | None, build: Build) -> Nearest:
    """What an unknown decoder of this kind may have meant; never for sure, for the input's codec tells."""
    meant = DECODERS.get(name.lower(), "")
    if meant in build.lists.decoders:
        return Nearest(names=(meant,))
    known = {one for one, coder in build.lists.decoders.items() if kind in (None, coder.kind)}
    return Nearest(names=nearest(name, known).names)


def filter_(name: str, lists: Lists) -> Nearest:
    """What an unknown filter may have meant."""
    return nearest(name, lists.filters, common=COMMON_FILTERS)


def filter_option(name: str, of: str, lists: Lists) -> Nearest:
    """What an unknown option of a filter may have meant."""
    return nearest(name, lists.filter_options.get(of, ()))


def muxer(name: str, lists: Lists) -> Nearest:
    """What an unknown format of an output may have meant."""
    return _format(name, lists.muxers)


def demuxer(name: str, lists: Lists) -> Nearest:
    """What an unknown format of an input may have meant."""
    return _format(name, lists.demuxers)


def pixel_format(name: str, lists: Lists) -> Nearest:
    """What an unknown pixel format may have meant."""
    if f"{name}p" in lists.pixel_formats:  # yuv420, yuv422p10 …
        return Nearest(names=(f"{name}p",), sure=f"{name}p")
    return nearest(name, lists.pixel_formats, common=_COMMON_PIXELS)


def bitstream_filter(name: str, lists: Lists) -> Nearest:
    """What an unknown bitstream filter may have meant."""
    return nearest(name, lists.bitstream_filters)


_COMMON_ENCODERS = set_of(
    "copy libx264 libx265 libvpx libvpx-vp9 libsvtav1 libaom-av1 mpeg4 mjpeg png gif libmp3lame "
    "aac libopus libvorbis flac ac3 pcm_s16le mov_text srt webvtt ass prores_ks"
)
_COMMON_PIXELS = set_of(
    "yuv420p yuv422p yuv444p yuv420p10le yuv422p10le yuv444p10le rgb24 bgr24 rgba bgra argb gray "
    "nv12 yuva420p yuvj420p p010le gbrp"
)


def _format(name: str, known: frozenset[str]) -> Nearest:
    meant = FORMATS.get(name.lower(), "")
    if meant in known:
        return Nearest(names=(meant,), sure=meant)
    return nearest(
        name, known, common=set_of("mp4 mov matroska webm mpegts mp3 wav flac ogg gif hls dash image2 avi flv")
    )
