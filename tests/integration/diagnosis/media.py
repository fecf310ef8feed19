"""The inputs that mistakes are made with: tiny, made by FFmpeg and by hand."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

PICTURE, SOUND = "testsrc2=s={size}:r=10:d=0.5", "sine=d=0.5"
H264 = "-c:v libx264 -preset ultrafast -pix_fmt"
MADE: Mapping[str, str] = {
    "av.mp4": f"-f lavfi -i {PICTURE.format(size='160x90')} -f lavfi -i {SOUND} {H264} yuv420p -c:a aac -shortest",
    "small.mp4": f"-f lavfi -i {PICTURE.format(size='128x72')} -f lavfi -i {SOUND} {H264} yuv420p -c:a aac -shortest",
    "video.mp4": "-i av.mp4 -c copy -an",
    "audio.m4a": "-i av.mp4 -c copy -vn",
    "av.ts": "-i av.mp4 -c copy",
    "a.mp3": f"-f lavfi -i {SOUND}",
    "a.wav": f"-f lavfi -i {SOUND}",
    "vorbis.ogg": f"-f lavfi -i {SOUND} -c:a libvorbis",
    "logo.png": "-f lavfi -i testsrc2=s=64x64 -frames:v 1",
    "odd.mkv": f"-f lavfi -i testsrc2=s=641x359:r=5:d=0.2 {H264} yuv444p",
    "ten.mp4": f"-f lavfi -i testsrc2=s=160x90:r=10:d=0.3 {H264} yuv420p10le",
    "v.webm": f"-f lavfi -i {PICTURE.format(size='160x90')} -c:v libvpx -b:v 100k",
    "subs.mkv": "-i av.mp4 -i s.srt -c copy -c:s srt",
    "surround.wav": "-f lavfi -i anoisesrc=d=0.2,aformat=channel_layouts=7.1",
    "rgba.mov": "-f lavfi -i testsrc2=s=64x64:r=10:d=0.2,format=rgba -c:v qtrle",
    "alpha.webm": "-f lavfi -i testsrc2=s=64x64:r=10:d=0.2,format=yuva420p -c:v libvpx-vp9",
    "img_%03d.png": "-f lavfi -i testsrc2=s=64x64:r=10:d=0.2",
}
WRITTEN: Mapping[str, str] = {
    "s.srt": "1\n00:00:00,000 --> 00:00:01,000\nHello\n",
    "text.mp4": "this is just text, no film at all\n",
    "page.mp4": "<html><body>404</body></html>",
    "empty.mp4": "",
    "unsafe.txt": "file '../../etc/passwd'\n",
    "unsafe2.txt": "file '/etc/passwd'\n",
    "blank.txt": "file 'my clip.mp4'\n",
    "list.txt": "file av.mp4\nfile av.mp4\n",
    "badlist.txt": "av.mp4\n",
    "listhttp.txt": "file 'https://example.org/a.mp4'\n",
    "mark.txt": "\ufefffile av.mp4\n",
    "keyinfo.txt": "https://example.org/key\nnokey.bin\n",
    "net.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n#EXT-X-ENDLIST\n",
}


def make(ffmpeg: Path, directory: Path) -> None:
    """Writes all inputs into the directory."""
    for name, text in WRITTEN.items():
        (directory / name).write_text(text)
    for name, command in MADE.items():
        words = [str(ffmpeg), "-nostdin", "-loglevel", "error", *command.split(), name]
        subprocess.run(words, cwd=directory, check=True, timeout=60)
    film = (directory / "av.mp4").read_bytes()
    (directory / "my clip.mp4").write_bytes(film)
    (directory / "truncated.mp4").write_bytes(film[:3000])
    (directory / "truncated.ts").write_bytes((directory / "av.ts").read_bytes()[:9000])
    (directory / "latin.srt").write_bytes("1\n00:00:00,000 --> 00:00:01,000\nHällo\n".encode("latin-1"))
    (directory / "broken.mp4").write_bytes(_spoilt(film))


def _spoilt(film: bytes) -> bytes:
    """Other bytes in place of most frames."""
    start = film.index(b"mdat") + 60
    return film[:start] + bytes(at * 167 % 251 for at in range(9000)) + film[start + 9000 :]
