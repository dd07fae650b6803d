"""What a program inside can see and touch: host files, devices, environment, descriptors, rights, system calls, network.

All are observations of one program in one sandbox, `inside/observe.py`; each stays a case of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.sandbox.bench import Bench
from tests.sandbox.case import Case, Table

VIEW = Table()

# `Any`: JSON of a program inside.
Seen = Mapping[str, Any]
_REFUSED = {"EPERM", "ENOSYS", "EACCES"}
# What stands on a sandbox's command line and in its mounts must not tell where the runner lives.
_TOLD = ("site-packages", "pytest", "docker.sock", "secret-key-of-the-template", "tests/sandbox", "clawc/runtime")
_NO_ROUTE = {"ENETUNREACH", "EADDRNOTAVAIL", "EHOSTUNREACH", "ECONNREFUSED", "EAFNOSUPPORT", "EACCES", "EPERM"}


def _see(name: str, tries: str, expects: str, holds: Callable[[Seen], object], shown: Callable[[Seen], object]) -> None:
    """Enter a case that looks at the report; `shown` is what a failure prints."""

    async def play(bench: Bench) -> None:
        seen = await bench.seen()
        assert holds(seen), f"{expects}; found {shown(seen)!r}"

    VIEW.add(Case(name, tries, expects, play))


def _own_users(s: Seen) -> bool:
    """Whether it has users of its own; where it has not, all of the machine's stand for themselves."""
    return str(s["users"]).split() != ["0", "0", "4294967295"]


def _present(*paths: str) -> tuple[Callable[[Seen], bool], Callable[[Seen], object]]:
    return (lambda s: not set(paths) & set(s["present"])), (lambda s: s["present"])


def _absent(name: str, *paths: str) -> None:
    _see(name, f"looks for {', '.join(paths)}", "is not there, or empty", *_present(*paths))


_absent("host_shadow_absent", "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssl/private", "/etc/machine-id")
_absent("ssh_absent", "/etc/ssh", "/root/.ssh")
_absent("home_absent", "/root", "/home", "/root/.bash_history")
_absent("docker_sock_absent", "/var/run/docker.sock", "/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd")
_absent("host_folders_absent", "/var", "/srv", "/mnt", "/media", "/boot", "/sys", "/run/user", "/lost+found")
_absent("devices_absent", "/dev/kvm", "/dev/kmsg", "/dev/mem", "/dev/vda", "/dev/sda", "/dev/fuse", "/dev/loop0")
_absent("checker_invisible", "/check", "/jobs", "/private", "/workspace")


def _readonly(name: str, *folders: str) -> None:
    _see(
        name,
        f"creates a file in {', '.join(folders)}",
        "is refused",
        lambda s: all(s["write"][folder] in {"EROFS", "EACCES", "EPERM", "ENOENT"} for folder in folders),
        lambda s: s["write"],
    )


_readonly("root_ro", "/", "/run")
_readonly("dev_ro", "/dev")
_readonly("usr_ro", "/usr", "/usr/bin", "/usr/lib")
_readonly("write_etc_fails", "/etc")
_readonly("proc_ro", "/proc")
_see(
    "workspace_and_tmp_writable",
    "creates a file in /w, /tmp and /dev/shm",
    "works",
    lambda s: all(s["write"][folder] == "done" for folder in ("/w", "/tmp", "/dev/shm")),
    lambda s: s["write"],
)
_see(
    "system_files_not_overwritten",
    "opens /etc/passwd, /etc/hosts and programs of the system for writing",
    "is refused",
    lambda s: all(error in {"EROFS", "EACCES", "EPERM", "ETXTBSY"} for error in s["overwrite"].values()),
    lambda s: s["overwrite"],
)
_see(
    "hardlink_out_EXDEV",
    "links files of the system into the workspace, and of the workspace to /tmp",
    "EXDEV or refused",
    lambda s: all(error in {"EXDEV", "EPERM", "EROFS", "EACCES"} for error in s["hardlink"].values()),
    lambda s: s["hardlink"],
)
_see(
    "mknod_fails",
    "makes devices in /w and /tmp",
    "EPERM",
    lambda s: all(error in {"EPERM", "EACCES"} for error in s["mknod"].values()),
    lambda s: s["mknod"],
)
_see(
    "setuid_gives_nothing",
    "runs a set-user-id copy of id",
    "runs as the same user",
    lambda s: s["setuid"] in {str(s["uid"]), "EPERM"} and s["uid"] != 0,
    lambda s: (s["setuid"], s["uid"]),
)
_see(
    "chown_refused", "gives a file to root", "EPERM", lambda s: s["chown"] in {"EPERM", "EINVAL"}, lambda s: s["chown"]
)
_see(
    "fresh_folders",
    "lists /w, /tmp and /dev/shm at the start",
    "only the template, and what the test put there",
    lambda s: (s["work"], s["tmp"], s["shm"]) == (["in"], ["observe.py"], []),
    lambda s: (s["work"], s["tmp"], s["shm"]),
)
_see(
    "passwd_has_no_names",
    "reads /etc/passwd",
    "two lines that name nobody of the host",
    lambda s: len(s["passwd"].splitlines()) == 2,
    lambda s: s["passwd"],
)
_see(
    "tools_work", "runs awk, which is a link into /etc/alternatives", "works", lambda s: s["tool"] == "ok\n", lambda s: s["tool"]
)  # fmt: skip

_see(
    "env_exact_set",
    "reads its environment",
    "HOME, LANG, PATH, PWD and what the task gives",
    lambda s: (
        set(s["env"]) <= {"HOME", "LANG", "PATH", "PWD", "X"} and s["env"]["X"] == "1" and s["env"]["HOME"] == "/tmp"
    ),
    lambda s: s["env"],
)
_see(
    "proc1_environ_clean",
    "reads /proc/1/environ",
    "refused, or nothing of the runner's",
    lambda s: (
        s["environ_of_first"] in {"EACCES", "EPERM"}
        or set(s["environ_of_first"].split("\0"))
        <= {"", "PATH=/usr/bin:/bin", "HOME=/tmp", "LANG=C.UTF-8", "PWD=/", "PWD=/w"}
    ),
    lambda s: s["environ_of_first"],
)
_see(
    "proc1_cmdline_no_paths",
    "reads the command lines of all processes",
    "no path of the runner, no key",
    lambda s: not any(word in line for word in (*_TOLD, *_homes()) for line in s["processes"].values()),
    lambda s: s["processes"],
)
_see(
    "mountinfo_no_names",
    "reads /proc/self/mountinfo and that of process 1",
    "no path of the runner, no key",
    lambda s: not any(word in str((s["mounts"], s["mounts_of_first"])) for word in (*_TOLD, *_homes())),
    lambda s: s["mounts"],
)
_see(
    "mounts_nosuid_nodev",
    "looks for mounts that honour set-user-id or devices",
    "each has nosuid, and nodev but for the device files, or is read-only; the workspace, which bwrap gives no such options, has no rights to give",
    lambda s: all(
        m[4] == "/w"
        or (not _own_users(s) and (m[5].startswith("ro") or m[3] == "/null" or m[4] == "/dev"))
        or ("nosuid" in m[5] and ("nodev" in m[5] or m[4].startswith("/dev/")))
        for m in s["mounts"]
    ),
    lambda s: [(m[4], m[5]) for m in s["mounts"]],
)
_see(
    "fds_only_0_1_2",
    "lists its descriptors",
    "0, 1, 2 and the one of the listing",
    lambda s: s["fds"] == [0, 1, 2, 3],
    lambda s: s["fds"],
)
_see(
    "fds_of_process_1",
    "lists the descriptors of process 1",
    "no file or folder of the host",
    lambda s: (
        isinstance(s["fds_of_first"], str)
        or all(
            t.split(":")[0] in {"pipe", "socket", "anon_inode", "/dev/null"} or t.startswith("/memfd:")
            for t in s["fds_of_first"].values()
        )
    ),
    lambda s: s["fds_of_first"],
)
_see(
    "caps_all_zero",
    "reads its capabilities",
    "all five sets are empty",
    lambda s: all(int(s["status"][name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")),
    lambda s: s["status"],
)
_see("nonewprivs_1", "reads NoNewPrivs", "1", lambda s: s["status"]["NoNewPrivs"] == "1", lambda s: s["status"])
_see("seccomp_2", "reads Seccomp", "2", lambda s: s["status"]["Seccomp"] == "2", lambda s: s["status"])


def _ordinary(s: Seen, ids: str) -> bool:
    """Are the four numbers the same, and 1000, or where the users are the machine's one that is none of the system's?"""
    first = int(ids.split()[0])
    return len(set(ids.split())) == 1 and (first == 1000 if _own_users(s) else first >= 1000)


_see(
    "groups_empty",
    "reads its groups",
    "none but its own",
    lambda s: (
        set(s["status"]["Groups"].split()) <= {s["status"]["Gid"].split()[0], "65534"}
        and _ordinary(s, s["status"]["Gid"])
    ),
    lambda s: s["status"],
)
_see(
    "uid_is_ordinary",
    "reads its user ids, and sets them to 0",
    "one ordinary user four times, refused",
    lambda s: _ordinary(s, s["status"]["Uid"]) and s["calls"]["setuid"] in {"EPERM", "EINVAL"},
    lambda s: (s["status"]["Uid"], s["calls"]["setuid"]),
)
_see(
    "host_pid_invisible",
    "lists all processes, and signals one of the host by its number",
    "sees its own and the backend's few, no such process",
    lambda s: (
        len(s["processes"]) <= 5
        and not any("worker" in line for line in s["processes"].values())
        and s["signal"] in {"ESRCH", "another process of our own"}
    ),
    lambda s: (s["processes"], s["signal"]),
)


def _calls(name: str, *calls: str) -> None:
    _see(
        name,
        f"calls {', '.join(calls)}",
        "EPERM or ENOSYS",
        lambda s: all(s["calls"][call] in _REFUSED for call in calls),
        lambda s: {call: s["calls"][call] for call in calls},
    )


_calls("userns_denied", "unshare", "setns")
_calls("ptrace_denied", "ptrace", "process_vm_readv", "pidfd_getfd")
_calls("io_uring_bpf_keyctl_denied", "io_uring_setup", "bpf", "keyctl", "add_key", "request_key")
_calls("mount_family_denied", "mount", "umount2", "pivot_root", "chroot")
_calls("clock_set_EPERM", "clock_settime", "settimeofday", "clock_adjtime")
_calls("kernel_calls_denied", "init_module", "kexec_load", "reboot", "swapon", "perf_event_open", "userfaultfd",
       "open_by_handle_at", "sethostname", "acct", "syslog")  # fmt: skip
_see(
    "tiocsti_denied",
    "types into a terminal with TIOCSTI",
    "EPERM, or there is no terminal",
    lambda s: s["terminal"] in {"EPERM", "EIO", "ENOTTY", "EACCES", "ENOENT"},
    lambda s: s["terminal"],
)
_see(
    "sysctl_ro",
    "opens settings of the kernel for writing",
    "all refused",
    lambda s: s["sysctl"] == [],
    lambda s: s["sysctl"],
)


def _network(name: str, *ways: str) -> None:
    _see(
        name,
        f"sends a packet: {', '.join(ways)}",
        "no route",
        lambda s: all(s["network"][way] in _NO_ROUTE for way in ways),
        lambda s: s["network"],
    )


_network("v4_denied", "v4", "metadata")
_network("v6_denied", "v6")
_network("udp_denied", "udp4", "udp6")
_see(
    "dns_denied", "resolves a name", "fails", lambda s: s["network"]["dns"].startswith("gaierror"), lambda s: s["network"]
)  # fmt: skip
_see(
    "only_loopback",
    "lists the network's interfaces",
    "lo at most, or not told",
    lambda s: s["network"]["interfaces"] in (["lo"], [], "EAFNOSUPPORT", "EPERM"),
    lambda s: s["network"],
)
_see(
    "netlink_packet_vsock_denied",
    "makes sockets of other families, and raw ones",
    "refused",
    lambda s: all(error in {"EAFNOSUPPORT", "EPROTONOSUPPORT", "EPERM", "EACCES"} for error in s["families"].values()),
    lambda s: s["families"],
)


def _homes() -> tuple[str, ...]:
    """Where the runner lives on this host."""
    here = Path(__file__).resolve().parents[2]
    return tuple(path for path in {str(here), os.path.expanduser("~")} if len(path) > 1)
