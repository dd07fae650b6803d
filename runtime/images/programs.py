"""Which of this machine's programs an image of it has, and what stands beside them that they read.

Ordinary programs that work without network and without rights; a compiler comes in only where a task names it. What is not
installed here is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

PYTHON = "python3"

_COREUTILS = """
[ arch b2sum base32 base64 basename basenc cat chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors dirname du echo
env expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mktemp mv nice nl
nohup nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum sha256sum
sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort
tty uname unexpand uniq unlink users vdir wc who whoami yes
"""
_TEXT = """
awk bc cmp col colrm column dc diff diff3 dos2unix ed egrep fgrep file find gawk grep hexdump iconv jq less look mawk more nawk
original-awk patch rev rg ripgrep sdiff sed sqlite3 strings tree unix2dos vi view vim xargs xxd
"""
_PACKED = """
7z bunzip2 bzcat bzgrep bzip2 cpio funzip gunzip gzip lz4 tar uncompress unlzma unxz unzip unzstd xz xzcat xzgrep zcat zcmp zdiff
zegrep zfgrep zgrep zip zipinfo zless zmore zstd zstdcat
"""
_SYSTEM = """
bash cal choom chrt clear dash fallocate flock free getent getopt hardlink ionice ipcs kill ldd locale mcookie namei
pgrep pidof pidwait pkill pmap prlimit ps pwdx renice reset rename.ul run-parts script scriptreplay setpriv setsid sh tabs taskset
tempfile time top toe tput tset uptime vmstat watch which whereis
"""
_WORK = "curl envsubst git make openssl perl pod2text prove ssh-keygen wget"

PROGRAMS: tuple[str, ...] = tuple(sorted({PYTHON, *f"{_COREUTILS} {_TEXT} {_PACKED} {_SYSTEM} {_WORK}".split()}))

_SAME = {"cc": "gcc", "g++": "gcc", "c++": "gcc", "nodejs": "node", "vi": "vim", "view": "vim"}

# What a program reads when it runs, as patterns of paths. A folder comes with all below it but for what is LEFT_OUT.
_BESIDE: Mapping[str, tuple[str, ...]] = {
    "file": ("/usr/lib/file/magic.mgc", "/usr/share/misc/magic.mgc", "/usr/share/file/magic.mgc"),
    "git": ("/usr/lib/git-core", "/usr/libexec/git-core", "/usr/share/git-core/templates"),
    "perl": ("/usr/lib/*/perl-base", "/usr/lib/*/perl/5*", "/usr/share/perl/5*", "/usr/share/perl5", "/usr/lib64/perl5"),
    "vim": ("/usr/share/vim/vim*/defaults.vim",),
    "openssl": ("/usr/lib/*/ossl-modules",),
    # Only where a task names them.
    "gcc": ("/usr/lib/gcc/*", "/usr/libexec/gcc/*", "/usr/include", "/usr/lib/*/*crt*.o", "/usr/lib/*/libc.*", "/usr/lib/*/libm.*",
            "/usr/lib/*/libm-*.a", "/usr/lib/*/libmvec.*", "/usr/lib/*/libc_nonshared.a", "/usr/lib/*/libpthread.*", "/usr/bin/as",
            "/usr/bin/ld", "/usr/bin/ld.bfd"),
    "node": ("/usr/share/nodejs", "/usr/lib/nodejs"),
    "npm": ("/usr/share/nodejs", "/usr/lib/node_modules/npm"),
    "ruby": ("/usr/lib/ruby", "/usr/lib/*/ruby", "/usr/share/ruby"),
}  # fmt: skip

# For whatever program: libraries, names of users, a locale with Unicode, terminals, time zones, the usual encodings of text.
SHARED: tuple[str, ...] = (
    "/usr/lib/*/libnss_files.so.2", "/usr/lib64/libnss_files.so.2", "/usr/lib/*/libnss_dns.so.2", "/usr/lib64/libnss_dns.so.2",
    # What programs that come from elsewhere are linked to besides.
    *(f"/usr/lib{place}/{name}" for place in ("/*", "64") for name in ("libgcc_s.so.1", "libstdc++.so.6", "libm.so.6", "libdl.so.2",
      "libpthread.so.0", "librt.so.1", "libutil.so.1")),
    "/usr/lib/locale/C.utf8", "/lib/terminfo", "/usr/share/zoneinfo",
    *(f"/usr/lib/*/gconv/{name}" for name in ("gconv-modules", "gconv-modules.cache", "ISO8859-1.so", "ISO8859-15.so", "CP1252.so",
      "UTF-16.so", "UTF-32.so", "UTF-7.so", "CP437.so", "CP850.so")),
)  # fmt: skip

# Tests, headers, what asks for a screen, what only a server or a network needs, manuals.
LEFT_OUT: tuple[str, ...] = (
    "*.opt-1.pyc", "*.opt-2.pyc", "*.pod", "*.orig",
    "/usr/lib*/python3*/test", "/usr/lib*/python3*/idlelib", "/usr/lib*/python3*/tkinter", "/usr/lib*/python3*/turtledemo",
    "/usr/lib*/python3*/config-*", "/usr/lib*/python3*/ensurepip/_bundled", "/usr/lib*/python3*/*-packages",
    "/usr/lib*/python3*/lib-dynload/_tkinter*", "/usr/lib*/python3*/lib-dynload/*test*",
    "/usr/lib*/python3*/sitecustomize.py", "/usr/lib*/python3*/__pycache__/sitecustomize.*",
    "/usr/lib/*/perl/*/CORE", "/usr/share/perl/*/Unicode/Collate", "/usr/share/perl/*/CPAN", "/usr/share/perl/*/pod",
    "/usr/lib*/git-core/git-http-*", "/usr/lib*/git-core/git-imap-send", "/usr/lib*/git-core/git-daemon",
    "/usr/lib*/git-core/git-shell", "/usr/lib*/git-core/scalar", "/usr/lib*/git-core/git-instaweb",
    "/usr/share/zoneinfo/right", "/usr/share/zoneinfo/posix", "/usr/share/zoneinfo/localtime",
)  # fmt: skip


def beside_patterns(program: str) -> tuple[str, ...]:
    """Patterns of paths of what a program reads; empty for most."""
    return _BESIDE.get(_SAME.get(program, program), ())
