"""Ordinary ffmpeg commands, as recipes on the web have them, on small generated media.

What FFmpeg writes by `-bitexact` and one thread is the same wherever it runs, so all files are compared byte for byte.
`X` stands for these words. A recipe of several lines is several commands. `-` in place of a file is a pipe.
"""

import re
import shlex
from collections.abc import Mapping

NAME = "my [odd] clip; it's, 100:1.mp4"
ODD = shlex.quote(NAME)
X = "-threads 1 -bitexact"
H264 = f"-c:v libx264 -preset ultrafast {X}"


def in_graph(value: str) -> str:
    """A value as a filter graph has it: escaped for the filter's options, and once more for the graph."""
    for_option = re.sub(r"[\\':]", r"\\\g<0>", value)
    return re.sub(r"[\\'\[\],;]", r"\\\g<0>", for_option)


MEDIA = f"""
-f lavfi -i testsrc=s=192x128:r=25:d=2 -f lavfi -i sine=440:d=2 -pix_fmt yuv420p -g 12 {H264} -c:a aac clip.mp4
-f lavfi -i mandelbrot=s=192x128:r=25 -f lavfi -i sine=880:d=1 -t 1 -pix_fmt yuv420p -g 12 {H264} -c:a aac more.mp4
-i clip.mp4 -c copy {X} clip.ts
-i more.mp4 -c copy {X} more.ts
-i clip.mp4 -c copy {X} {ODD}
-i clip.mp4 -c copy {X} a/same.mp4
-i more.mp4 -c copy {X} b/same.mp4
-f lavfi -i color=red@0.5:s=32x32,format=rgba -frames:v 1 logo.png
-f lavfi -i smptebars=s=64x64 -frames:v 1 cover.jpg
-f lavfi -i testsrc2=s=96x64:r=10:d=1 img/img_%03d.png
-f lavfi -i testsrc=s=96x64:r=10:d=1 -start_number 20 'img/odd name %d.jpg'
-f lavfi -i sine=330:d=2 -ac 2 {X} tone.wav
-f lavfi -i haldclutsrc=4 -frames:v 1 clut.png
-f lavfi -i testsrc=s=64x48:r=10:d=1 -f rawvideo -pix_fmt yuv420p raw.yuv
-i clip.mp4 -c copy {X} -f hls -hls_time 1 -hls_list_size 0 stream/index.m3u8
-i clip.mp4 -i subs.srt -c copy -c:s srt {X} subbed.mkv
"""

TEXTS: Mapping[str, str] = {
    "subs.srt": "1\n00:00:00,000 --> 00:00:01,500\nHello, world\n\n2\n00:00:01,500 --> 00:00:02,000\nBye\n",
    "list.txt": "file clip.mp4\nfile 'more.mp4'\n",
    "odd.txt": r"file 'my [odd] clip; it'\''s, 100:1.mp4'" + "\n# again\nfile a/same.mp4\nfile b/same.mp4\n",
    "a/parts.txt": "file ../clip.mp4\ninpoint 0.48\noutpoint 1.5\nfile '../b/same.mp4'\n",
    "transport.txt": "clip.ts\nmore.ts\n",
    "commands.txt": "0.5 hue s 0;\n1 hue s 1;\n",
    "slides.txt": "ffconcat version 1.0\nfile img/img_001.png\nduration 0.4\nfile img/img_005.png\nduration 0.6\n",
    "graph.txt": "[0:v]hflip[f];\n[f][1:v]overlay=W-w-8:8[v]\n",
    "title.txt": "It's 100%: a [title]",
    "meta.txt": ";FFMETADATA1\ntitle=Told\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n",
    "key.info": "https://example.org/the.key\nsecrets/the.key\n00000000000000000000000000000001\n",
    "secrets/the.key": "0123456789abcdef",
    "grade.cube": "LUT_3D_SIZE 2\n" + "".join(f"{r} {g} {1 - b}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1)),
}

RECIPES: Mapping[str, str] = {
    "convert": f"-i clip.mp4 {X} out.avi",
    "remux": f"-i clip.mp4 -c copy {X} out.mkv",
    "scale": f"-i clip.mp4 -vf scale=96:-2 {H264} out.mp4",
    "thumbnail": "-ss 00:00:01 -i clip.mp4 -frames:v 1 -q:v 2 thumb.jpg",
    "thumbnail into a directory": "-i clip.mp4 -ss 0.5 -vframes 1 out/thumb.png",
    "best frame": "-i clip.mp4 -vf thumbnail=20 -frames:v 1 best.png",
    "key frames": r"-i clip.mp4 -vf select='eq(pict_type\,I)' -fps_mode vfr out/key-%02d.jpg",
    "blurred background": (
        "-i clip.mp4 -filter_complex '[0:v]split[a][b];[a]scale=96:160,boxblur=4[bg];[b]scale=96:-2[fg];"
        f"[bg][fg]overlay=(W-w)/2:(H-h)/2' {H264} out.mp4"
    ),
    "zoom into a picture": f"-loop 1 -i cover.jpg -vf zoompan=z=zoom+0.01:d=10:s=64x64 -t 0.4 {H264} out.mp4",
    "contact sheet": "-i clip.mp4 -vf fps=4,scale=48:-1,tile=4x2 -frames:v 1 sheet.png",
    "gif": "-i clip.mp4 -vf fps=5,scale=96:-1:flags=lanczos -loop 0 out.gif",
    "gif with palette in one": (
        "-i clip.mp4 -filter_complex '[0:v]fps=5,scale=96:-1,split[a][b];[a]palettegen[p];[b][p]paletteuse' out.gif"
    ),
    "gif with palette in two": (
        "-i clip.mp4 -vf fps=5,palettegen palette.png\n"
        "-i clip.mp4 -i palette.png -lavfi 'fps=5[x];[x][1:v]paletteuse' out.gif"
    ),
    "concat by list": f"-f concat -safe 0 -i list.txt -c copy {X} out.mp4",
    "concat by list of odd names": f"-f concat -safe 0 -i odd.txt -c copy {X} out.mp4",
    "concat by protocol": f"-i 'concat:clip.ts|more.ts' -c copy {X} out.ts",
    "concat by protocol and list": f"-i concatf:transport.txt -c copy {X} out.ts",
    "concat by filter": (
        "-i clip.mp4 -i more.mp4 -filter_complex '[0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1[v][a]' "
        f"-map '[v]' -map '[a]' {H264} out.mp4"
    ),
    "concat of parts by a list elsewhere": f"-f concat -safe 0 -i a/parts.txt {H264} out.mp4",
    "slideshow by list": f"-f concat -i slides.txt -vf fps=5,format=yuv420p {H264} out.mp4",
    "hls": f"-i clip.mp4 -c copy {X} -hls_time 1 -hls_list_size 0 out.m3u8",
    "hls in a directory": (
        f"-i clip.mp4 {H264} -g 12 -f hls -hls_time 1 -hls_playlist_type vod "
        "-hls_segment_filename 'out/part_%03d.ts' out/list.m3u8"
    ),
    "hls of fragments": f"-i clip.mp4 -c copy {X} -hls_segment_type fmp4 -hls_time 1 out/list.m3u8",
    "hls in one file": f"-i clip.mp4 -c copy {X} -hls_flags single_file out/one.m3u8",
    "hls with a key": f"-i clip.mp4 -c copy {X} -hls_key_info_file key.info -hls_time 1 out.m3u8",
    "hls with a key that is made": (
        f"-i clip.mp4 -c copy {X} -hls_enc 1 -hls_enc_key 0123456789abcdef0123456789abcdef -hls_time 1 out/e.m3u8"
    ),
    "hls of variants in directories": (
        "-i clip.mp4 -filter_complex '[0:v]split[a][b];[b]scale=96:-2[c]' -map '[a]' -map '[c]' -map 0:a -map 0:a "
        f"-g 12 {H264} -c:a aac -f hls -hls_time 1 -master_pl_name master.m3u8 -var_stream_map 'v:0,a:0 v:1,a:1' "
        "-hls_segment_filename 'out/v%v/file_%03d.ts' out/v%v/index.m3u8"
    ),
    "hls of named variants": (
        f"-i clip.mp4 -map 0:v -map 0:a -map 0:v -c copy {X} -f hls -hls_time 1 -master_pl_name master.m3u8 "
        "-var_stream_map 'v:0,a:0,name:hi v:1,name:lo' -hls_segment_filename v%v_%03d.ts v%v.m3u8"
    ),
    "hls and a picture elsewhere": f"-i clip.mp4 -c copy {X} out/x.m3u8 -map 0:v -frames:v 1 a/x.png",
    "from hls": f"-i stream/index.m3u8 -c copy {X} out.mp4",
    "dash": f"-i clip.mp4 -c copy {X} -seg_duration 1 -f dash out/manifest.mpd",
    "dash with names": (
        f"-i clip.mp4 -c copy {X} -f dash -use_timeline 0 -init_seg_name 'i-$RepresentationID$.m4s' "
        "-media_seg_name 'c-$RepresentationID$-$Number%03d$.m4s' all.mpd"
    ),
    "segment": f"-i clip.mp4 -c copy {X} -f segment -segment_time 1 -reset_timestamps 1 out/part%02d.mp4",
    "segment with a list": f"-i clip.mp4 -c copy -map 0 {X} -f segment -segment_time 1 -segment_list all.csv p%d.ts",
    "two passes": (
        f"-y -i clip.mp4 {H264} -b:v 100k -pass 1 -an -f null /dev/null\n"
        f"-i clip.mp4 {H264} -b:v 100k -pass 2 -c:a aac out.mp4"
    ),
    "first pass with a log of its own": (
        f"-i clip.mp4 {H264} -b:v 90k -x264-params pass=1:stats=out/my.log -an -f mp4 -y /dev/null"
    ),
    "two passes of vp9": (
        f"-i clip.mp4 -c:v libvpx-vp9 -b:v 50k -cpu-used 8 -pass 1 -passlogfile out/log {X} -an -f null -\n"
        f"-i clip.mp4 -c:v libvpx-vp9 -b:v 50k -cpu-used 8 -pass 2 -passlogfile out/log {X} -an out.webm"
    ),
    "two passes of x265": (
        f"-i clip.mp4 -c:v libx265 -preset ultrafast -b:v 90k -x265-params pass=1:frame-threads=1:pools=none {X} -an "
        "-f null /dev/null\n"
        f"-i clip.mp4 -c:v libx265 -preset ultrafast -b:v 90k -x265-params pass=2:frame-threads=1:pools=none {X} -an "
        "out.mp4"
    ),
    "burn subtitles": f"-i clip.mp4 -vf subtitles=subs.srt {H264} out.mp4",
    "burn styled subtitles": (
        f"""-i clip.mp4 -vf "subtitles=subs.srt:fontsdir=fonts:force_style='FontName=DejaVu Sans,FontSize=40'" """
        f"{H264} out.mp4"
    ),
    "burn embedded subtitles": f"-i subbed.mkv -vf subtitles=subbed.mkv:si=0 {H264} out.mp4",
    "soft subtitles": f"-i clip.mp4 -i subs.srt -c copy -c:s mov_text -metadata:s:s:0 language=eng {X} out.mp4",
    "subtitles out": "-i subbed.mkv -map 0:s:0 out.srt",
    "subtitles converted": "-i subs.srt out.ass",
    "drawtext": (
        f"-i clip.mp4 -vf \"drawtext=fontfile=fonts/DejaVuSans.ttf:text='Hi\\: there':x=(w-tw)/2:y=20:fontsize=24\" "
        f"{H264} out.mp4"
    ),
    "drawtext from a file": (
        f"-i clip.mp4 -vf drawtext=fontfile=fonts/DejaVuSans.ttf:textfile=title.txt:expansion=none {H264} out.mp4"
    ),
    "watermark": f"-i clip.mp4 -i logo.png -filter_complex overlay=W-w-10:H-h-10 -c:a copy {H264} out.mp4",
    "watermark by movie": f"-i clip.mp4 -vf 'movie=logo.png[w];[in][w]overlay=10:10[out]' {H264} out.mp4",
    "odd name": f"-i {ODD} -c copy {X} 'out [1] ü.mp4'",
    "odd name in a graph": f"-f lavfi -i {shlex.quote(f'movie={in_graph(NAME)}')} {H264} out.mp4",
    "same names from two directories": f"-i a/same.mp4 -i b/same.mp4 -map 0:v -map 1:a -c copy {X} out.mp4",
    "same names into two directories": f"-i clip.mp4 -c copy {X} a/out.mp4 -c copy {X} b/out.mp4",
    "sound out": f"-i clip.mp4 -vn -c:a copy {X} out.m4a",
    "mp3": f"-i clip.mp4 -vn -c:a libmp3lame -q:a 4 {X} out.mp3",
    "wav for speech": f"-i clip.mp4 -ar 16000 -ac 1 -c:a pcm_s16le {X} out.wav",
    "flac": f"-i tone.wav {X} out.flac",
    "loudnorm": f"-i tone.wav -af loudnorm=I=-16:TP=-1.5:LRA=11 -ar 48000 {X} out.wav",
    "measure loudness": "-i tone.wav -af loudnorm=print_format=json -f null -",
    "volume": f"-i clip.mp4 -af volume=0.5 -c:v copy {X} out.mp4",
    "silence cut": f"-i tone.wav -af silenceremove=1:0:-50dB {X} out.wav",
    "waveform picture": "-i tone.wav -filter_complex showwavespic=s=200x80 -frames:v 1 wave.png",
    "spectrum picture": "-i tone.wav -lavfi showspectrumpic=s=128x64 spectrum.png",
    "mix": f"-i clip.mp4 -i tone.wav -filter_complex amix=inputs=2:duration=first -c:v copy {X} out.mp4",
    "replace sound": f"-i clip.mp4 -i tone.wav -c:v copy -map 0:v:0 -map 1:a:0 -shortest {X} out.mp4",
    "speed": (
        f"-i clip.mp4 -filter_complex '[0:v]setpts=0.5*PTS[v];[0:a]atempo=2.0[a]' -map '[v]' -map '[a]' {H264} out.mp4"
    ),
    "reverse": f"-i clip.mp4 -vf reverse -af areverse {H264} out.mp4",
    "crop": f"-i clip.mp4 -vf 'crop=in_w/2:in_h/2' {H264} out.mp4",
    "trim": f"-ss 0.5 -to 1.5 -i clip.mp4 -c copy -avoid_negative_ts make_zero {X} out.mp4",
    "fade": f"-i clip.mp4 -vf 'fade=in:0:10,fade=t=out:st=1.5:d=0.5' -af afade=d=1 {H264} out.mp4",
    "rotate": f"-i clip.mp4 -vf transpose=1 {H264} out.mp4",
    "rotate by a tag": f"-display_rotation 90 -i clip.mp4 -c copy {X} out.mp4",
    "pad to square": f"-i clip.mp4 -vf 'pad=max(iw\\,ih):ow:(ow-iw)/2:(oh-ih)/2' {H264} out.mp4",
    "pictures to video": f"-framerate 10 -i img/img_%03d.png -pix_fmt yuv420p {H264} out.mp4",
    "pictures from a number on": f"-start_number 20 -i 'img/odd name %d.jpg' -pix_fmt yuv420p {H264} out.mp4",
    "pictures by glob": f"-pattern_type glob -framerate 5 -i 'img/*.png' -pix_fmt yuv420p {H264} out.mp4",
    "pictures by glob of directories": (
        f"-pattern_type glob -framerate 5 -i 'i*g/img_00?.png' -pix_fmt yuv420p {H264} out.mp4"
    ),
    "one picture and sound": f"-loop 1 -i cover.jpg -i tone.wav -shortest -t 1 -pix_fmt yuv420p {H264} out.mp4",
    "video to pictures": "-i clip.mp4 -vf fps=4 out/frame_%03d.png",
    "pictures named by time": "-i clip.mp4 -vf fps=2 -frame_pts 1 out/n%d.png",
    "elementary streams": f"-i clip.mp4 -map 0:v -c copy {X} v.h264 -map 0:a -c copy {X} a.aac",
    "xfade": f"-i clip.mp4 -i more.mp4 -filter_complex xfade=transition=fade:duration=0.5:offset=1 {H264} out.mp4",
    "stack": f"-i clip.mp4 -i more.mp4 -filter_complex '[0:v][1:v]hstack=inputs=2[v]' -map '[v]' {H264} out.mp4",
    "picture in picture": (
        f"-i clip.mp4 -i more.mp4 -filter_complex '[1:v]scale=iw/3:-2[p];[0:v][p]overlay=8:8' {H264} out.mp4"
    ),
    "two sizes at once": f"-i clip.mp4 -vf scale=96:-2 {H264} small.mp4 -vf scale=48:-2 -an {H264} out/tiny.mp4",
    "tee": f"-i clip.mp4 -c copy -map 0 {X} -f tee '[bsfs/v=h264_mp4toannexb:f=mpegts]one.ts|out/two.mp4'",
    "tee of hls": (f"-i clip.mp4 -c copy -map 0 {X} -f tee '[f=hls:hls_time=1:hls_list_size=0]out/t.m3u8|out/t.mp4'"),
    "title": f"-i clip.mp4 -c copy -metadata title='A title' -metadata artist= {X} out.mp4",
    "metadata out": "-i clip.mp4 -f ffmetadata -bitexact out.txt",
    "metadata and chapters in": f"-i clip.mp4 -i meta.txt -map_metadata 1 -c copy {X} out.mp4",
    "cover art": f"-i tone.wav -i cover.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic {X} -b:a 96k out.mp3",
    "attachment in": f"-i clip.mp4 -attach 'fonts/My Font.ttf' -metadata:s:t mimetype=font/ttf -c copy {X} out.mkv",
    "attachment out": (
        f"-i clip.mp4 -attach fonts/DejaVuSans.ttf -metadata:s:t mimetype=font/ttf -c copy {X} out.mkv\n"
        "-dump_attachment:t:0 out/font.ttf -i out.mkv -f null -"
    ),
    "raw video in": f"-f rawvideo -pix_fmt yuv420p -s 64x48 -r 10 -i raw.yuv {H264} out.mp4",
    "raw video out": "-i clip.mp4 -t 0.2 -f rawvideo -pix_fmt rgb24 out.rgb",
    "lut": f"-i clip.mp4 -vf lut3d=grade.cube {H264} out.mp4",
    "hald clut": f"-i clip.mp4 -i clut.png -filter_complex haldclut {H264} out.mp4",
    "graph from a file": f"-i clip.mp4 -i logo.png -/filter_complex graph.txt -map '[v]' {H264} out.mp4",
    "stabilise": (
        "-i clip.mp4 -vf vidstabdetect=shakiness=5:fileformat=ascii -f null -\n"
        f"-i clip.mp4 -vf vidstabtransform=smoothing=10 {H264} out.mp4"
    ),
    "psnr": "-i clip.mp4 -i clip.ts -lavfi psnr=stats_file=psnr.log -f null -",
    "ssim and psnr": "-i clip.mp4 -i clip.ts -lavfi 'ssim=out/ssim.log;[0:v][1:v]psnr=f=psnr.log' -f null -",
    "psnr to standard output": "-i clip.mp4 -i clip.ts -lavfi psnr=stats_file=- -f null -",
    "scores to standard output": (
        "-i clip.mp4 -vf select='gt(scene\\,0.01)',metadata=print:file=- -frames:v 3 -f null -"
    ),
    "what looks like placeholders": (
        "-i clip.mp4 -vf \"drawtext=fontfile=fonts/DejaVuSans.ttf:expansion=none:text='{{x}} <<y>>'\" "
        f"-metadata title='{{{{x}}}} <<y>>' {H264} '<<o>>.mkv'"
    ),
    "pattern that looks like a placeholder": "-i clip.mp4 -vf fps=2 '{{n}}_%d.png'",
    "filter commands from a file": f"-i clip.mp4 -vf sendcmd=f=commands.txt,hue {H264} out.mp4",
    "scene changes": "-i clip.mp4 -vf select='gt(scene\\,0.1)',metadata=print:file=out/scenes.txt -f null -",
    "frame checksums": "-i clip.mp4 -f framemd5 out.md5",
    "pipe out": f"-i clip.mp4 -vn -f mp3 {X} -",
    "pipe out of wav": f"-i clip.mp4 -f wav {X} pipe:1",
    "pipe out of fragments": f"-i clip.mp4 -c copy -movflags frag_keyframe+empty_moov {X} -f mp4 pipe:1",
    "pictures out by pipe": f"-i clip.mp4 -t 0.2 -f image2pipe -c:v mjpeg {X} -",
    "pictures in by pipe": f"-f image2pipe -i - {H264} -pix_fmt yuv420p out.mp4 < logo.png",
    "pipe in": f"-i - -c copy {X} out.mkv < clip.ts",
    "pipe in and out": f"-f wav -i pipe:0 -f flac {X} pipe:1 < tone.wav",
    "generated": f"-f lavfi -i testsrc2=d=1:s=64x64 -f lavfi -i anullsrc -shortest -pix_fmt yuv420p {H264} out.mp4",
    "file protocol": f"-i file:clip.mp4 -c copy {X} file:out.mkv",
    "statistics": f"-i clip.mp4 {H264} -an -stats_enc_post out/stats.txt out.mp4",
}
