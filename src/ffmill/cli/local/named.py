"""Options and filters that name files, with other names put in."""

from collections.abc import Callable
from posixpath import join

from ffmill.cli.local import braces, filters, manifests
from ffmill.cli.local.files import Files
from ffmill.cli.local.filters import Role
from ffmill.cli.local.outputs import Outputs, is_standard_output
from ffmill.cli.local.passes import Passes
from ffmill.cli.local.sources import Sources
from ffmill.cli.local.stops import no_such_input
from ffmill.cli.local.targets import Targets
from ffmill.cli.local.uploads import LocalFile, Text, Uploads
from ffmill.jobs.options import GRAPHS, VALUED, Option, set_of

_DROPPED = set_of("y n hide_banner stats nostats stdin nostdin loglevel v passlogfile")  # what they ask is done by us
_WRITTEN = set_of(
    "dump_attachment print_graphs_file progress sdp_file stats_enc_post stats_enc_pre stats_mux_pre vstats_file"
)
_READ = set_of("attach fpre")
_SERIES = set_of("hls_segment_filename segment_list")
_MAKING_NAMES = set_of("report vstats")  # files in the current directory, named after the time
_FROM_FILE = {"filter_complex_script": "filter_complex", "filter_script": "filter"}
_TRANSFORMS = "transforms.trf"  # what the two filters of vid.stab write and read unless told


class Named:
    """Takes in what options name, and gives the words that stand for it there."""

    def __init__(
        self, files: Files, uploads: Uploads, targets: Targets, *, sources: Sources, outputs: Outputs, passes: Passes
    ) -> None:
        self._files = files
        self._uploads = uploads
        self._targets = targets
        self._sources = sources
        self._outputs = outputs
        self._passes = passes

    def option(self, option: Option, spelled: str) -> list[str] | None:
        """The words for an option that was `spelled` so, and for its value; None where they stay as they are."""
        name, value = option.name, option.value
        if name in _DROPPED or (name == "progress" and is_standard_output(value)):
            return []
        if name.startswith("/") or name in _FROM_FILE:
            return self._from_file(option, spelled)
        if name in _MAKING_NAMES or (name == "dump_attachment" and not value):
            self._targets.is_open = True
            return None
        new = self._value(name, value)
        return None if new == value and not braces.are_in(new) else self._words(name, spelled, new)

    def graph(self, graph: str) -> str:
        """A filter graph."""
        self._transforms(graph)
        return braces.in_graph(filters.rewritten(graph, self._in_graph))

    def _words(self, name: str, spelled: str, value: str) -> list[str]:
        """What would be taken as a placeholder lies in a file, out of which FFmpeg reads its own options' values."""
        if name in VALUED and braces.are_in(value):
            return [f"-/{spelled[1:]}", f"inputs/{self._uploads.add(Text(text=value), 'text')}"]
        return [spelled, value]

    def _value(self, name: str, value: str) -> str:
        if name in GRAPHS:
            return self.graph(value)
        if write := self._writing(name):
            return write(value)
        if name in _READ:
            return f"inputs/{self._uploads.file(value, as_is=True)}"  # the name of an attachment goes into the output
        if name == "hls_key_info_file":
            return f"inputs/{self._key_info(value)}"
        return self._passes.parameters(name, value)

    def _writing(self, name: str) -> Callable[[str], str] | None:
        if name in _WRITTEN:
            return self._outputs.written
        return self._outputs.series if name in _SERIES else None

    def _from_file(self, option: Option, spelled: str) -> list[str]:
        """What lies in a file goes as text: it may name files itself."""
        if not self._files.is_file(option.value):
            raise no_such_input(option.value)
        real = _FROM_FILE.get(option.name, option.name.removeprefix("/"))
        text = self._files.read(option.value)
        _, colon, specifier = spelled.partition(":")
        return self._words(real, f"-{real}{colon}{specifier}", self._value(real, text))

    def _key_info(self, path: str) -> str:
        name = self._uploads.file(path)
        text = manifests.key_info(self._files.read(path), lambda key: f"inputs/{self._uploads.file(key)}")
        self._uploads.put(name, Text(text=text))
        return name

    def _in_graph(self, role: Role, value: str) -> str:
        if role is Role.WRITTEN:
            return self._outputs.written(value)
        if role is Role.FONTS:
            return self._fonts(value)
        is_there = "://" in value or "%" in value or self._files.is_file(value.removeprefix("file:"))
        return self._sources.path(value) if is_there else value

    def _fonts(self, directory: str) -> str:
        for name in self._files.names(directory):
            if self._files.is_file(join(directory, name)):
                self._uploads.file(join(directory, name))
        return "inputs"

    def _transforms(self, graph: str) -> None:
        there = filters.names_in(graph)
        if "vidstabdetect" in there and not filters.options_in(graph, "vidstabdetect") & {"", "result"}:
            self._targets.known(_TRANSFORMS, _TRANSFORMS)
        reads = "vidstabtransform" in there and not filters.options_in(graph, "vidstabtransform") & {"", "input"}
        if reads and self._files.is_file(_TRANSFORMS):
            self._uploads.put(_TRANSFORMS, LocalFile(path=_TRANSFORMS))
