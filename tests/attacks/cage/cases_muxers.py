"""Muxers that write, list, number, delete and send what they make: outside of the job's directory."""

from pathlib import Path

from tests.attacks.cage.case import SOUND, VIDEO, Case, Places

LIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
HLS = f"{VIDEO} -c:v mpeg2video -f hls -hls_time 0.1"
DASH = f"{VIDEO} -c:v mpeg4 -f dash"
SEGMENT = f"{VIDEO} -c:v mpeg2video -f segment -segment_time 0.1"
UP = "../" * 12


def _old_list(work: Path, places: Places) -> None:
    """A playlist that names files of others as its old segments."""
    old = (places["secret"], UP + places["secret"][1:], places["other"], places["secret"], places["secret"])
    (work / "outputs/a.m3u8").write_text(LIST + "".join(f"#EXTINF:1,\n{name}\n" for name in old))
    (work / "outputs/a.m3u8").chmod(0o666)


PLAIN = [
    Case("write by path", f"{SOUND} -f wav {{new}}", bare=True, fails=True),
    Case("write over the host's file", f"{SOUND} -f wav {{secret}}", bare=True, fails=True),
    Case("write over another job's file", f"{SOUND} -f wav {{other}}", bare=True, fails=True),
    Case("write over another job's file beside", f"{SOUND} -f wav {{beside}}", bare=True, fails=True),
    Case("write above", f"{SOUND} -f wav {UP}{{new}}", bare=True, fails=True),
    Case("write above through outputs", f"{SOUND} -f wav outputs/../{UP}{{new}}", bare=True, fails=True),
    Case("write by file URL", f"{SOUND} -f wav file://{{new}}", bare=True, fails=True),
    Case("write into another's workspace", f"{SOUND} -f wav ../x.wav", fails=True),
    Case("write shared memory", f"{SOUND} -f wav {{shared}}", bare=True, fails=True),
    Case("write into a socket's place", f"{SOUND} -f wav {{unix}}", fails=True),
    Case("append to the host's file", f"{SOUND} -truncate 0 -f wav {{secret}}", bare=True, fails=True),
    *(
        Case(f"write as {kind}", f"{source} -f {kind} {{new}}", bare=True, fails=True)
        for kind, source in (
            *(("ffmetadata", SOUND), ("md5", SOUND), ("framehash", SOUND), ("streamhash", SOUND), ("crc", SOUND)),
            *(("adts", SOUND), ("data", f"-f data -i inputs/a {SOUND} -map 0 -c copy"), ("chromaprint", SOUND)),
        )
        if kind != "data"
    ),
]

LISTS = [
    Case("HLS written", f"{HLS} {{new}}.m3u8", bare=True),
    Case("HLS written: segments", f"{HLS} -hls_segment_filename {{dir}}/new%d.ts outputs/a.m3u8", bare=True),
    Case("HLS written: segments above", f"{HLS} -hls_segment_filename {UP}{{dir}}/new%d.ts outputs/a.m3u8", bare=True),
    Case("HLS written: segments by date", f"{HLS} -strftime 1 -hls_segment_filename {{dir}}/new%s.ts outputs/a.m3u8",
         bare=True),
    Case("HLS written: directories by date",
         f"{HLS} -strftime 1 -strftime_mkdir 1 -hls_segment_filename {{dir}}/d%Y/new%s.ts outputs/a.m3u8", bare=True),
    Case("HLS written: segments by TCP", f"{HLS} -hls_segment_filename tcp://127.0.0.1:{{port}} outputs/a.m3u8",
         fails=True),
    Case("HLS written: by HTTP", f"{HLS} -method PUT http://127.0.0.1:{{port}}/a.m3u8", bare=True),
    Case("HLS written: a key of the host", f"{HLS} -hls_key_info_file inputs/k outputs/a.m3u8",
         {"k": "http://x/\n{key}\n"}, bare=True, fails=True),
    Case("HLS written: a key by HTTP", f"{HLS} -hls_key_info_file inputs/k outputs/a.m3u8",
         {"k": "x\nhttp://127.0.0.1:{port}/\n"}, bare=True, fails=True),
    Case("HLS written: a key's file of the host", f"{HLS} -hls_key_info_file {{secret}} outputs/a.m3u8", bare=True,
         fails=True),
    Case("HLS written: a key's file made", f"{HLS} -hls_enc 1 -hls_enc_key_url {{new}} outputs/a.m3u8", bare=True),
    Case("HLS written: an init file",
         f"{HLS} -c:v mpeg4 -hls_segment_type fmp4 -hls_fmp4_init_filename {UP}{{new}} outputs/a.m3u8", bare=True),
    Case("HLS written: a master list", f"{HLS} -master_pl_name {UP}{{new}} outputs/a.m3u8", bare=True),
    Case("HLS written: variants", f"{HLS} -var_stream_map v:0 -hls_segment_filename {{dir}}/new%v%d.ts outputs/%v.m3u8",
         bare=True),
    Case("HLS written: subtitles",
         f"{VIDEO} -i inputs/a.srt -c:v mpeg2video -c:s webvtt -f hls -var_stream_map v:0,s:0,sgroup:a "
         f"-hls_subtitle_path {{new}} outputs/%v.m3u8", {"a.srt": "1\n00:00:00,000 --> 00:00:01,000\na\n"}, bare=True),
    Case("HLS written: old segments deleted",
         f"{HLS} -hls_flags append_list+delete_segments -hls_list_size 1 -hls_delete_threshold 1 outputs/a.m3u8",
         set_up=_old_list, bare=True),
    Case("HLS written: a list of the host continued", f"{HLS} -hls_flags append_list {{list}}", bare=True),
    Case("DASH written", f"{DASH} {{new}}.mpd", bare=True, fails=True),
    Case("DASH written: the init segment", f"{DASH} -init_seg_name {UP}{{new}} outputs/a.mpd", bare=True),
    Case("DASH written: the segments", f"{DASH} -media_seg_name {UP}{{new}} outputs/a.mpd", bare=True),
    Case("DASH written: a single file", f"{DASH} -single_file_name {UP}{{new}} outputs/a.mpd", bare=True),
    Case("DASH written: an HLS list", f"{DASH} -hls_playlist 1 -hls_master_name {UP}{{new}} outputs/a.mpd", bare=True),
    Case("DASH written: by HTTP", f"{DASH} -method PUT http://127.0.0.1:{{port}}/a.mpd", bare=True),
    Case("DASH written: removed at the end", f"{DASH} -remove_at_exit 1 -media_seg_name {UP}{{secret}} outputs/a.mpd",
         bare=True),
    Case("smooth streaming", f"{VIDEO} -c:v libx264 -f smoothstreaming {{new}}", bare=True, fails=True),
    Case("Flash segments", f"{VIDEO} -c:v libx264 -f hds {{new}}", bare=True, fails=True),
    Case("WebM's pieces", f"{VIDEO} -c:v libvpx -map 0 -f webm_chunk -header {{new}} outputs/a%d.chk", bare=True,
         fails=True),
    Case("WebM's pieces outside", f"{VIDEO} -c:v libvpx -map 0 -f webm_chunk -header outputs/h {{dir}}/new%d.chk",
         bare=True),
]  # fmt: skip

SEGMENTS = [
    Case("segments", f"{SEGMENT} {{dir}}/new%d.ts", bare=True, fails=True),
    Case("segments over the host's", f"{SEGMENT} -segment_format mpegts {{dir}}/picture%d.png", bare=True, fails=True),
    Case("segments: a list", f"{SEGMENT} -segment_list {{new}} outputs/a%d.ts", bare=True),
    Case("segments: a list by TCP", f"{SEGMENT} -segment_list tcp://127.0.0.1:{{port}} outputs/a%d.ts", bare=True),
    Case("segments: a list by a unix socket", f"{SEGMENT} -segment_list unix:{{unix}} outputs/a%d.ts", bare=True),
    Case("segments: a header", f"{SEGMENT} -segment_header_filename {{new}} outputs/a%d.ts", bare=True, fails=True),
    Case("segments: their prefix",
         f"{SEGMENT} -segment_list outputs/a -segment_list_entry_prefix {{dir}}/ outputs/a%d.ts"),
    Case("segments by date", f"{SEGMENT} -strftime 1 {{dir}}/new%s.ts", bare=True, fails=True),
    Case("pictures", f"{VIDEO} {{dir}}/new%d.png", bare=True, fails=True),
    Case("pictures over the host's", f"{VIDEO} -start_number 1 {{dir}}/picture%d.png", bare=True, fails=True),
    Case("pictures: at once", f"{VIDEO} -update 1 -atomic_writing 1 {{png}}", bare=True, fails=True),
    Case("pictures: by date", f"{VIDEO} -strftime 1 {{dir}}/new%s.png", bare=True, fails=True),
    Case("pictures: by TCP", f"{VIDEO} -f image2 -update 1 tcp://127.0.0.1:{{port}}", bare=True, fails=True),
    Case("tee", f"{VIDEO} -map 0 -c:v mpeg4 -f tee '[f=mp4]{{new}}|outputs/a.mp4'", bare=True),
    Case("tee to TCP", f"{VIDEO} -map 0 -c:v mpeg4 -f tee '[f=mpegts]tcp://127.0.0.1:{{port}}|outputs/a.mp4'",
         bare=True),
    Case("tee to UDP", f"{VIDEO} -map 0 -c:v mpeg4 -f tee '[f=mpegts]udp://127.0.0.1:{{udp}}|outputs/a.mp4'",
         bare=True),
    Case("tee of tee", f"{VIDEO} -map 0 -c:v mpeg4 -f tee '[f=tee]{{new}}.mp4|outputs/a.mp4'", bare=True),
    Case("tee of HLS", f"{VIDEO} -map 0 -c:v mpeg4 -f tee '[f=hls:hls_segment_filename={{new}}%d]outputs/a.m3u8'",
         bare=True),
    Case("tee by its protocol", f"{SOUND} -f wav 'tee:outputs/a.wav|{{new}}'", bare=True, fails=True),
    Case("fifo", f"{VIDEO} -c:v mpeg4 -map 0 -f fifo -fifo_format mp4 {{new}}", bare=True),
    # whether ffmpeg exits with an error depends on which of its threads is faster
    Case("fifo to TCP", f"{VIDEO} -c:v mpeg4 -map 0 -f fifo -fifo_format mpegts tcp://127.0.0.1:{{port}}", bare=True),
    Case("fifo that goes on",
         f"{VIDEO} -c:v mpeg4 -map 0 -f fifo -fifo_format mpegts -attempt_recovery 1 -max_recovery_attempts 2 "
         f"-recovery_wait_time 0 tcp://127.0.0.1:{{port}}", bare=True),
    Case("MP4 in place", f"{VIDEO} -c:v mpeg4 -movflags faststart {{new}}.mp4", bare=True, fails=True),
    Case("VobSub", f"{VIDEO} -f vob {{new}}", bare=True, fails=True),
    Case("a feed", f"{SOUND} -f mpegts -content_type a icecast://a:b@127.0.0.1:{{port}}/x", bare=True, fails=True),
]  # fmt: skip

CASES = [*PLAIN, *LISTS, *SEGMENTS]
