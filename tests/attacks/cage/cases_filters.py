"""Filters that read, write, load or connect: all that this ffmpeg has, and those that other builds have."""

from tests.attacks.cage.case import NONE, SOUND, VIDEO, Case, filtering

TWO = f"{VIDEO} {VIDEO} -lavfi"
TEXT = "1\n00:00:00,000 --> 00:00:02,000\nmine\n"


def _movie(name: str, graph: str, *, bare: bool = True) -> Case:
    return Case(f"movie: {name}", f"-f lavfi -i {graph} {NONE}", bare=bare, fails=True)


MOVIES = [
    _movie("file", "movie={ts}"),
    _movie("another job", "movie={other}"),
    _movie("a URL of a file", "'movie=file\\\\\\://{ts}'"),
    _movie("sound", "amovie={wav}"),
    _movie("text", "movie={secret}:f=data", bare=False),
    _movie("TCP", "'movie=tcp\\\\\\://127.0.0.1\\\\\\:{port}'"),
    _movie("HTTP", "'movie=http\\\\\\://127.0.0.1\\\\\\:{port}/'"),
    _movie("a unix socket", "'movie=unix\\\\\\:{unix}'"),
    _movie("a descriptor", "'movie=fd\\\\\\::format_opts=fd={descriptor}'", bare=False),
    _movie("concat", "'movie=concat\\\\\\:{ts}|{ts}'"),
    Case("movie: a list", f"-f lavfi -i movie=inputs/a:f=concat:format_opts=safe=0 {NONE}", {"a": "file {ts}\n"},
         bare=True, fails=True),
    Case("movie in a complex graph", f"{VIDEO} -filter_complex 'movie={{png}},scale=64:64[a];[0][a]overlay' {NONE}",
         bare=True, fails=True),
    Case("a graph in a file", f"-f lavfi -graph_file inputs/g -i x {NONE}", {"g": "movie={ts}"}, bare=True, fails=True),
    Case("a graph of the host", f"-f lavfi -graph_file {{graph}} -i x {NONE}", bare=True, fails=True),
]  # fmt: skip

TEXTS = [
    ("drawtext of a file", "drawtext=textfile={secret}", True),
    ("drawtext of another job", "drawtext=textfile={other}", True),
    ("drawtext by an option's file", "drawtext=/text={secret}", True),
    ("drawtext with a font of the host", "drawtext=text=x:fontfile={secret}", True),
    ("drawtext of a socket", "drawtext=textfile={unix}", False),
    ("drawtext of a process", "drawtext=textfile=/proc/self/environ", False),
    ("drawtext of metadata by a file", "metadata=add:key=k:/value={secret},drawtext=text=%{metadata\\\\:k}", True),
    ("metadata by a file", "metadata=add:key=k:/value={secret},metadata=print", True),
    ("subtitles of the host", "subtitles={srt}", True),
    ("subtitles of another job", "subtitles={other}", True),
    ("subtitles by TCP", "subtitles=tcp\\\\\\://127.0.0.1\\\\\\:{port}", True),
    ("fonts of the host", "subtitles=inputs/a.srt:fontsdir={dir}", True),
    ("a style of the host", "ass={ass}", True),
]

READERS = [
    ("lut3d", "lut3d={cube}", True),
    ("lut1d", "lut1d={cube}", True),
    ("curves", "curves=psfile={secret}", True),
    ("selective colours", "selectivecolor=psfile={secret}", True),
    ("a logo", "removelogo={png}", True),
    ("an object", "find_rect=object={png}", True),
    ("a cover", "cover_rect=cover={png}", False),
    ("commands", "sendcmd=f={secret}", True),
    ("weights", "nnedi=weights={secret}", True),
    ("hints", "fieldhint=hint={secret}", True),
    ("frames to sync", "fsync=f={secret}", True),
    ("transforms", "vidstabtransform=input={secret}", True),
    ("an OpenCL program", "program_opencl=source={cl}:kernel=x", False),
    ("a shader", "libplacebo=custom_shader_path={secret}", False),
    ("a table for shaders", "libplacebo=lut={cube}", False),
    ("axes", "aformat=channel_layouts=mono,showcqt=axisfile={png}", False),
    ("an option's file for crop", "crop=/w={secret}", True),
]

SOURCES = [
    ("a cellular automaton", "cellauto=f={secret}", True),
    ("a game of life", "life=f={secret}", True),
    ("an OpenCL source", "openclsrc=source={cl}:kernel=x:s=64x64", False),
    ("a table of colours", "haldclutsrc=4,lut3d={cube}", True),
]

MODULES = [
    ("frei0r", "frei0r={so}", False),
    ("frei0r above", "frei0r=../../../../../..{dir}/secret", False),
    ("frei0r as a source", "frei0r_src=64x64:filter_name={so}[a];[0][a]overlay=shortest=1", False),
    ("ladspa", "ladspa=file={so}:plugin=x", False),
    ("lv2", "lv2=p=file\\\\\\://{so}", False),
    ("dnn", "dnn_processing=dnn_backend=native:model={so}:input=x:output=y", False),
    ("dnn by OpenVINO", "dnn_processing=dnn_backend=openvino:model={so}:input=x:output=y", False),
    ("dnn that classifies", "dnn_classify=dnn_backend=openvino:model={so}:input=x:output=y:labels={secret}", False),
    ("a neural network for noise", "sr=dnn_backend=tensorflow:model={so}", False),
    ("rain", "derain=model={so}", False),
    ("letters", "ocr=datapath={dir}", False),
    ("speech", "whisper=model={so}", False),
    ("vector scripts", "drawvg=file={secret}", False),
    ("commands by ZeroMQ", "zmq", False),
    ("commands by ZeroMQ on a socket", "zmq=b=ipc\\\\\\://{new}", True),
    ("hardware", "hwupload,scale_vaapi=64:64", False),
    ("Vulkan's layers", "libplacebo=shader_cache={new}", False),
]

WRITERS = [
    ("metadata", "metadata=print:file={new}", True),
    ("metadata by TCP", "metadata=print:file=tcp\\\\\\://127.0.0.1\\\\\\:{port}", True),
    ("metadata by a unix socket", "metadata=print:file=unix\\\\\\:{unix}", True),
    ("metadata up", "metadata=print:file=../../../../../../../../../..{new}", True),
    ("metadata over the host's", "metadata=print:file={secret}", True),
    ("metadata over another job's", "metadata=print:file={other}", True),
    ("curves", "curves=plot={new}", True),
    ("a tree of colours", "split[a][b];[a]palettegen[c];[b][c]paletteuse=debug_kdtree={new}", True),
    ("a log of motion", "deshake=filename={new}", True),
    ("transforms", "vidstabdetect=result={new}", True),
    ("a signature", "signature=filename={new}", True),
    ("motion", "vmafmotion=stats_file={new}", True),
]
PAIRS = [
    ("psnr", "psnr=f={new}", True),
    ("ssim", "ssim=f={new}", True),
    ("ssim360", "ssim360=f={new}", True),
    ("xpsnr", "xpsnr=f={new}", True),
    ("libvmaf", "libvmaf=log_path={new}", True),
    ("libvmaf's model", "libvmaf=model=path={secret}", True),
]
SOUNDS = [
    ("metadata of sound", "ametadata=print:file={new}", True),
    ("loudness", "loudnorm=print_format=json:stats_file={new}", True),
    ("an equalizer", "firequalizer=dumpfile={new}", True),
    ("a model against noise", "arnndn=m={secret}", True),
    ("commands for sound", "asendcmd=f={secret}", True),
    ("sound: lv2", "lv2=p=file\\\\\\://{so}", False),
    ("sound: ladspa", "ladspa=f={so}:p=x", False),
    ("sound: speech", "asr=hmm={dir}", False),
    ("sound: space", "sofalizer=sofa={secret}", False),
    ("sound: ZeroMQ", "azmq", False),
]

FILTERS = [
    *(Case(name, filtering(graph), {"a.srt": TEXT}, bare=bare) for name, graph, bare in TEXTS),
    *(Case(f"a filter reads: {name}", filtering(graph), bare=bare) for name, graph, bare in READERS),
    *(
        Case(f"a source reads: {name}", f"-f lavfi -i {graph} -t 0.2 {NONE}", bare=bare)
        for name, graph, bare in SOURCES
    ),
    *(Case(f"a filter loads: {name}", filtering(graph), fails=True, bare=bare) for name, graph, bare in MODULES),
    *(Case(f"a filter writes: {name}", f"{VIDEO} -lavfi '{graph}' {NONE}", bare=bare) for name, graph, bare in WRITERS),
    *(Case(f"a filter compares: {name}", f"{TWO} '{graph}' {NONE}", bare=bare) for name, graph, bare in PAIRS),
    *(Case(f"a filter hears: {name}", f'{SOUND} -af "{graph}" {NONE}', bare=bare) for name, graph, bare in SOUNDS),
]

CASES = [*MOVIES, *FILTERS]
