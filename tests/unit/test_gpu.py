"""Which words need an NVIDIA GPU."""

import shlex

import pytest

from ffmill.jobs import gpu


@pytest.mark.parametrize(
    ("text", "word", "counterpart"),
    [
        ("-i a -c:v h264_nvenc o.mp4", "h264_nvenc", "write libx264"),
        ("-i a -vcodec hevc_nvenc o.mp4", "hevc_nvenc", "write libx265"),
        ("-i a -codec:v:0 av1_nvenc o.mp4", "av1_nvenc", "write libsvtav1"),
        ("-i a -c:v nvenc_hevc o.mp4", "nvenc_hevc", "write libx265"),
        ("-c:v h264_cuvid -i a o.mp4", "h264_cuvid", "leave h264_cuvid out: ffmpeg finds a decoder by itself"),
        ("-hwaccel cuda -i a o.mp4", "-hwaccel cuda", "leave -hwaccel out"),
        ("-hwaccel nvdec -i a o.mp4", "-hwaccel nvdec", "leave -hwaccel out"),
        ("-hwaccel_output_format cuda -i a o.mp4", "-hwaccel_output_format cuda", "leave -hwaccel_output_format out"),
        ("-init_hw_device cuda=gpu:0 -i a o.mp4", "-init_hw_device cuda=gpu:0", "leave -init_hw_device out"),
        ("-i a -vf scale_cuda=640:-1 o.mp4", "scale_cuda", "write scale"),
        ("-i a -filter:v hwupload_cuda,scale_npp=2:2 o.mp4", "hwupload_cuda", "leave it out"),
        ("-i a -filter_complex '[0:v]null[x];[x]overlay_cuda' o.mp4", "overlay_cuda", "write overlay"),
        ("-i a -vf sharpen_npp o.mp4", "sharpen_npp", "write unsharp"),
        ("-f lavfi -i testsrc,hwupload_cuda o.mp4", "hwupload_cuda", "leave it out"),
    ],
)
def test_what_needs_a_gpu_is_named_with_its_counterpart(text: str, word: str, counterpart: str) -> None:
    assert gpu.needs([["-version"], shlex.split(text)]) == gpu.GpuNeed(word=word, counterpart=counterpart)


@pytest.mark.parametrize(
    "text",
    [
        "-i h264_nvenc.mp4 -c:v libx264 scale_cuda.mp4",
        "-i a -vf \"drawtext=text='h264_nvenc, scale_cuda=1'\" o.mp4",
        "-i a -metadata comment=h264_nvenc -metadata encoder=-hwaccel o.mp4",
        "-hwaccel auto -i a o.mp4",
        "-hwaccel vaapi -i a -c:v copy cuda",
        "-i a -vf scale=640:-1,hwdownload o.mp4",
    ],
)
def test_the_same_words_elsewhere_need_none(text: str) -> None:
    assert gpu.needs([shlex.split(text)]) is None
