"""Devices of ffmpeg, and files of the host that are none: /dev, /proc, /sys."""

import subprocess
from collections.abc import Iterator

from ffmill import programs
from ffmill.config import Settings
from tests.attacks.cage.case import NONE, SOUND, VIDEO, Case, reading

HARMLESS = {"lavfi"}  # it makes pictures and sound itself
SOURCES = {
    "fbdev": "/dev/fb0", "kmsgrab": "-", "oss": "/dev/dsp", "x11grab": ":0", "pulse": "default", "alsa": "default",
    "video4linux2": "/dev/video0", "v4l2": "/dev/video0", "openal": "''", "iec61883": "auto", "jack": "x",
}  # fmt: skip
SINKS = {"fbdev": "/dev/fb0", "oss": "/dev/dsp", "pulse": "x", "video4linux2": "/dev/video0", "v4l2": "/dev/video0"}
NO_PULSE = "Cannot connect context"


def listed() -> tuple[list[str], list[str]]:
    """The devices to read from, and those to write to, with each of their names."""
    command = [str(programs.ffmpeg(Settings())), "-hide_banner", "-devices"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env={}, stdin=subprocess.DEVNULL).stdout
    rows = [(row[:4], row[4:].split()[0].split(",")) for row in said.partition("---\n")[2].splitlines()]
    return (
        [name for flags, names in rows for name in names if "D" in flags],
        [name for flags, names in rows for name in names if "E" in flags],
    )


def _devices() -> Iterator[Case]:
    sources, sinks = listed()
    for name in sources:
        if name not in HARMLESS:
            yield Case(f"the device {name}", f"-f {name} -i {SOURCES.get(name, 'x')} -t 0.1 {NONE}", fails=True)
    for name in sinks:
        source = SOUND if name in {"oss", "pulse", "alsa"} else f"{VIDEO} -pix_fmt bgra"
        # Without a thread's means to wake another, pulse waits for ever: until the job's time is over.
        until = NO_PULSE if name == "pulse" else ""
        yield Case(f"to the device {name}", f"{source} -f {name} {SINKS.get(name, 'x')}", fails=True, until=until)


ELSEWHERE = [
    Case("a screen by TCP", f"-f x11grab -i 127.0.0.1:{{display}} {NONE}", bare=True, fails=True),
    Case("a window by TCP", f"{VIDEO} -f xv -display_name 127.0.0.1:{{display}} x", bare=True, fails=True),
    Case("pulse by TCP", f"-f pulse -server tcp:127.0.0.1:{{port}} -i x {NONE}", bare=True, fails=True),
    Case("pulse by a unix socket", f"-f pulse -server unix:{{unix}} -i x {NONE}", bare=True, fails=True),
    Case(
        "to pulse by a unix socket", f"{SOUND} -f pulse -server unix:{{unix}} x", bare=True, fails=True, until=NO_PULSE
    ),
    Case("DRM of a file", f"-f kmsgrab -device {{secret}} -i - {NONE}", fails=True),
    Case("a frame buffer of a file", f"-f fbdev -i {{secret}} {NONE}", fails=True),
    Case("a camera of a file", f"-f v4l2 -i {{secret}} {NONE}", fails=True),
    Case("a disc in a directory", f"-f dvdvideo -i {{dir}} {NONE}", fails=True),
    Case("a Blu-ray disc in a directory", f"-i bluray:{{dir}} {NONE}", fails=True),
    *(
        Case(f"hardware: {device}", f"-init_hw_device {device} {SOUND} {NONE}", fails=True)
        for device in (
            *("vaapi=a:/dev/dri/renderD128", "drm=a:/dev/dri/card0", "drm=a:{secret}", "vulkan", "cuda", "opencl"),
            *("qsv", "amf", "vaapi=a:{display}"),
        )
    ),
]

FILES = [
    *(f"/dev/{name}" for name in ("mem", "kmem", "port", "kmsg", "zero", "full", "tty", "console", "ptmx", "pts/0")),
    *(f"/dev/{name}" for name in ("fuse", "kvm", "net/tun", "loop0", "vda", "sda", "nvme0n1", "mapper/control", "rtc")),
    *(
        f"/dev/{name}"
        for name in ("dri/card0", "nvidia0", "snd/timer", "input/event0", "shm", "mqueue", "vsock", "hpet")
    ),
    *(f"/proc/self/{name}" for name in ("environ", "cmdline", "mem", "maps", "mounts", "mountinfo", "status")),
    *(
        f"/proc/self/{name}"
        for name in ("cwd/../../../etc/passwd", "root/etc/passwd", "cgroup", "net/tcp", "attr/current")
    ),
    *(f"/proc/1/{name}" for name in ("environ", "cmdline", "maps", "mounts", "root/etc/passwd")),
    *(f"/proc/{{worker}}/{name}" for name in ("environ", "mem", "maps", "root/{secret}", "cwd/pyproject.toml", "task")),
    *(
        f"/proc/{name}"
        for name in ("version", "cpuinfo", "meminfo", "net/unix", "net/arp", "kcore", "kallsyms", "keys")
    ),
    *(f"/proc/{name}" for name in ("sysrq-trigger", "sys/kernel/hostname", "sys/kernel/core_pattern", "partitions")),
    *(
        f"/sys/{name}"
        for name in ("kernel/notes", "class/net/lo/address", "fs/cgroup/cgroup.procs", "kernel/security/lsm")
    ),
    *(
        f"/etc/{name}"
        for name in ("passwd", "shadow", "hostname", "hosts", "resolv.conf", "machine-id", "ssl/openssl.cnf")
    ),
    *("/root/.bashrc", "/root/.ssh/id_rsa", "/home", "/run", "/var/log/dpkg.log", "/var/run/docker.sock", "/boot", "/"),
]

HOST = [
    *(Case(f"read {path}", reading(path), empty=True) for path in FILES),
    *(
        Case(f"write {path}", f"{SOUND} -f wav {path}", fails=True)
        for path in (
            "/dev/shm/{stray}",
            "/run/{stray}",
            "/var/tmp/{stray}",
            "/root/{stray}",
            "/{stray}",
            "/dev/{stray}",
        )
    ),
    *(
        Case(f"write by {path}", f"{SOUND} -f wav {path}", fails=True)
        for path in ("/proc/self/mem", "/proc/self/comm", "/proc/self/oom_score_adj", "/proc/{worker}/mem", "/dev/ptmx")
    ),
    Case("write /tmp", f"{SOUND} -f wav /tmp/{{stray}}", bare=True),
]

CASES = [*_devices(), *ELSEWHERE, *HOST]
