"""Which system calls a caged program may make; the numbers are those of Linux on x86_64 and aarch64.

FFmpeg 9 used 49 of them in 34 varied commands; the rest are their relatives for another libc or processor, and what
`sh` needs. Nothing that is not here exists in a cage, as for one: links, sockets, processes, owners and modes of files,
the host's name and its times of start and load.
"""

from collections.abc import Mapping

# name, number on x86_64, number on aarch64; `-` where the processor has no such call
_ALLOWED = """
read 0 63, write 1 64, pread64 17 67, pwrite64 18 68, readv 19 65, writev 20 66, lseek 8 62, open 2 -, openat 257 56,
close 3 57, stat 4 -, fstat 5 80, lstat 6 -, newfstatat 262 79, statx 332 291, access 21 -, faccessat 269 48,
faccessat2 439 439, readlink 89 -, readlinkat 267 78, getcwd 79 17, getdents64 217 61, rename 82 -, renameat 264 38,
renameat2 316 276, unlink 87 -, unlinkat 263 35, mkdir 83 -, mkdirat 258 34, rmdir 84 -, ftruncate 77 46, fsync 74 82,
fdatasync 75 83, fadvise64 221 223, fstatfs 138 44, statfs 137 43, dup 32 23, dup2 33 -, dup3 292 24, pipe 22 -,
pipe2 293 59, poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72, chdir 80 49, umask 95 166, brk 12 214,
munmap 11 215, mprotect 10 226, mremap 25 216, madvise 28 233, msync 26 227, mincore 27 232, membarrier 324 283,
futex 202 98, exit 60 93, getrlimit 97 163, setrlimit 160 164, exit_group 231 94, set_robust_list 273 99, rseq 334 293,
set_tid_address 218 96, gettid 186 178, getpid 39 172, getppid 110 173, getuid 102 174, geteuid 107 175,
getgid 104 176, getegid 108 177, sched_getaffinity 204 123, sched_yield 24 124, sched_getparam 143 121,
sched_getscheduler 145 120, sched_get_priority_min 147 126, sched_get_priority_max 146 125, getpriority 140 141,
getcpu 309 168, getrusage 98 165, getpgrp 111 -, getpgid 121 155, clock_gettime 228 113, clock_getres 229 114,
gettimeofday 96 169, time 201 -, nanosleep 35 101, clock_nanosleep 230 115, restart_syscall 219 128,
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigsuspend 130 133, sigaltstack 131 132,
execve 59 221, wait4 61 260, arch_prctl 158 -, getrandom 318 278
"""
# What programs ask for and live without: "not permitted" is an answer that they expect, unlike "no such call". To
# reserve space fills a disk in no time, unseen by a limit on the size of files.
_REFUSED = """
setpriority 141 140, sched_setscheduler 144 119, sched_setparam 142 118, sched_setaffinity 203 122, kill 62 129,
tkill 200 130, tgkill 234 131, socket 41 198, socketpair 53 199, fork 57 -, vfork 58 -, symlink 88 -, symlinkat 266 36,
link 86 -, linkat 265 37, mknod 133 -, mknodat 259 33, fallocate 285 47
"""
# CUDA's libraries, beyond that: memory that is locked, or bound to a processor's own, and events.
_OF_GPU = """
eventfd2 290 19, mlock 149 228, munlock 150 229, mbind 237 235, set_mempolicy 238 237, get_mempolicy 239 236,
epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22, sysinfo 99 179, uname 63 160
"""
# What no program needs that plays media, for builds of ffmpeg that the list above is too short for.
_DENIED = """
cachestat 451 451, close_range 436 436, flock 73 32, fremovexattr 199 16, inotify_add_watch 254 27, inotify_init 253 -,
inotify_init1 294 26, ioprio_set 251 30, listmount 458 458, lremovexattr 198 15, memfd_create 319 279,
memfd_secret 447 447, modify_ldt 154 -, mq_getsetattr 245 185, mq_notify 244 184, mq_timedreceive 243 183,
mq_timedsend 242 182, mq_unlink 241 181, msgctl 71 187, msgrcv 70 188, msgsnd 69 189, open_tree_attr 467 467,
quotactl_fd 443 443, removexattr 197 14, removexattrat 466 466, semctl 66 191, semop 65 193, semtimedop 220 192,
file_setattr 469 469, setxattrat 463 463, shmat 30 196, shmctl 31 195, shmdt 67 197, statmount 457 457, sync 162 81,
syncfs 306 267, accept 43 202, accept4 288 242, acct 163 89, add_key 248 217, adjtimex 159 171, bind 49 200,
bpf 321 280, chmod 90 -, chown 92 -, chroot 161 51, clock_adjtime 305 266, clock_settime 227 112, connect 42 203,
delete_module 176 106, fanotify_init 300 262, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, fchown 93 55,
fchownat 260 54, finit_module 313 273, fsconfig 431 431, fsetxattr 190 7, fsmount 432 432, fsopen 430 430,
fspick 433 433, futimesat 261 -, init_module 175 105, io_uring_enter 426 426, io_uring_register 427 427,
io_uring_setup 425 425, ioperm 173 -, iopl 172 -, kcmp 312 272, kexec_file_load 320 294, kexec_load 246 104,
keyctl 250 219, lchown 94 -, listen 50 201, lsetxattr 189 6, mbind 237 235, migrate_pages 256 238, mount 165 40,
mount_setattr 442 442, move_mount 429 429, move_pages 279 239, mq_open 240 180, msgget 68 186,
name_to_handle_at 303 264, open_by_handle_at 304 265, open_tree 428 428, perf_event_open 298 241, personality 135 92,
pidfd_getfd 438 438, pidfd_open 434 434, pidfd_send_signal 424 424, pivot_root 155 41, process_madvise 440 440,
process_vm_readv 310 270, process_vm_writev 311 271, ptrace 101 117, quotactl 179 60, reboot 169 142,
request_key 249 218, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240, sched_setattr 314 274, seccomp 317 277,
semget 64 190, sendmsg 46 211, sendto 44 206, set_mempolicy 238 237, setdomainname 171 162, setgid 106 144,
setgroups 116 159, sethostname 170 161, setns 308 268, setpgid 109 154, setregid 114 143, setresgid 119 149,
setresuid 117 147, setreuid 113 145, setsid 112 157, settimeofday 164 170, setuid 105 146, setxattr 188 5,
shmget 29 194, swapoff 168 225, swapon 167 224, syslog 103 116, truncate 76 45, umount2 166 39, unshare 272 97,
userfaultfd 323 282, utime 132 -, utimensat 280 88, utimes 235 -, vhangup 153 58, vmsplice 278 75
"""
# What depends on the arguments.
_ASKED = "fcntl 72 25, mmap 9 222, clone 56 220, clone3 435 435, ioctl 16 29, prctl 157 167, prlimit64 302 261"

COLUMNS = {"x86_64": 1, "aarch64": 2}  # of the tables, by what platform.machine() says


def allowed(machine: str) -> Mapping[str, int]:
    """What every program may do."""
    return _numbers(_ALLOWED, machine)


def refused(machine: str) -> Mapping[str, int]:
    """What is answered EPERM, under every list."""
    return _numbers(_REFUSED, machine)


def of_gpu(machine: str) -> Mapping[str, int]:
    """What a program may do besides where there is a GPU."""
    return _numbers(_OF_GPU, machine)


def denied(machine: str) -> Mapping[str, int]:
    """What no program may do where all the rest is allowed."""
    return _numbers(_DENIED, machine)


def asked(machine: str) -> Mapping[str, int]:
    """What depends on the arguments."""
    return _numbers(_ASKED, machine)


def _numbers(table: str, machine: str) -> dict[str, int]:
    rows = (row.split() for row in table.split(","))
    return {row[0]: int(row[COLUMNS[machine]]) for row in rows if row[COLUMNS[machine]] != "-"}
