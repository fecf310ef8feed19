"""What one FFmpeg can: its options, encoders, filters and so on, by name, as it tells them itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Coder:
    """An encoder or a decoder."""

    kind: str  # V, A or S: of video, audio or subtitles
    codec: str  # the name of what it writes or reads, by which ffmpeg takes it too: h264 of libx264
    experimental: bool = False  # runs only with -strict experimental


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The names that one FFmpeg knows."""

    options: frozenset[str]  # of ffmpeg itself and of all codecs, formats and protocols, without the dash
    encoders: Mapping[str, Coder]
    decoders: Mapping[str, Coder]
    filters: Mapping[str, str]  # name → its pads, as `V->V`, `N->A`, `|->V`
    filter_options: Mapping[str, tuple[str, ...]]  # of filters that have some, as far as told
    muxers: frozenset[str]
    demuxers: frozenset[str]
    pixel_formats: frozenset[str]
    bitstream_filters: frozenset[str]
    # words that an option takes as its value, by its name, or by `filter.option`
    option_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One FFmpeg binary, by what it says of itself."""

    id: str  # SHA-256, in hexadecimal, of what `ffmpeg -version` prints
    version: str
    lists: Lists

    def knows_encoder(self, name: str) -> bool:
        """Whether `-c NAME` of an output finds an encoder: by its own name or its codec's (fftools, `find_codec`)."""
        return name in self.lists.encoders or any(coder.codec == name for coder in self.lists.encoders.values())

    def knows_decoder(self, name: str) -> bool:
        """Whether `-c NAME` of an input finds a decoder."""
        return name in self.lists.decoders or any(coder.codec == name for coder in self.lists.decoders.values())
