"""What to do about a cage that cannot be made, by the words of who could not make it."""

ADVICE = (  # bubblewrap's words, and what they mean
    (
        "Can't mount proc",  # the kernel refuses where parts of /proc are covered
        "a cage with a GPU has a /proc of its own, which a container may forbid: run this worker on the host",
    ),
    (
        "namespace",  # No permissions to create a new namespace; Creating new namespace failed
        (
            "user namespaces are forbidden here: on a host, set the sysctl"
            " kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04), kernel.unprivileged_userns_clone=1 or"
            " user.max_user_namespaces=15000; start a container with"
            " `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
        ),
    ),
    (
        "setting up uid map",
        "this host's AppArmor forbids user namespaces: set the sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("Failed to make / slave", "the container forbids mounts: start it with `--security-opt apparmor=unconfined`"),
    ("seccomp", "this kernel has no filter of system calls (CONFIG_SECCOMP_FILTER)"),
)


def advice(reason: str) -> str:
    """What completes the sentence that gives the reason; empty where nothing is known."""
    return next((f": {text}" for sign, text in ADVICE if sign in reason), "")
