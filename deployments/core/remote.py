"""Short sh commands for a target: only sh, tar and what POSIX promises. Pure text.

They run in octoplat's folder on the machine. Names are always quoted: a path is never code.
"""

import re
import shlex
from collections.abc import Sequence

MISMATCH = 65  # exit code of `store` when the bytes are not what was sent
TAKEN = 66  # exit code of `switch_link` when something else has its name
INSTALLS = "installs.jsonl"
KEPT_PACKAGES = 10  # files of the package cache on a machine

_HASH = """\
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1"
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256 <"$1"
  else openssl dgst -sha256 -r <"$1"; fi | cut -c 1-64
}
"""
_UNSAFE = re.compile(r"[^A-Za-z0-9._ +-]")
_TAR_FLAGS = {".gz": "z", ".tgz": "z", ".bz2": "j", ".tbz2": "j", ".xz": "J"}


def quoted(path: str) -> str:
    """A path as one word of sh; a leading ~/ means the home folder."""
    if path.startswith("~/"):
        return f'"$HOME"/{shlex.quote(path[2:])}'
    return shlex.quote(path)


def safe_name(name: str) -> str:
    """A name as one part of a path: nothing of it can leave the folder it is put in."""
    safe = _UNSAFE.sub("_", name).strip(" ")
    return safe if safe.strip(".") else f"_{safe}"


def reserve(path: str) -> str:
    """Makes `path`, or path_1, path_2 ... when taken, and prints it absolutely."""
    return f"""\
wanted={quoted(path)}; path=$wanted; n=0
mkdir -p "$(dirname "$wanted")" || exit 1
while ! mkdir "$path" 2>/dev/null; do
  [ -e "$path" ] || exit 1
  n=$((n + 1)); path="${{wanted}}_$n"
done
cd "$path" && pwd"""


def holds(path: str, sha256: str) -> str:
    """Succeeds and prints where octoplat's folder is, when the file is there with this hash."""
    file = quoted(path)
    return f'{_HASH}[ -f {file} ] && [ "$(sha256 {file})" = {shlex.quote(sha256)} ] && pwd'


def store(path: str, sha256: str) -> str:
    """Keeps standard input as a file, if its hash is right: what is on the disk is hashed. Prints where
    octoplat's folder is."""
    return f"""\
{_HASH}umask 077; file={quoted(path)}; part="$file.$$"
mkdir -p "$(dirname "$file")" && cat >"$part" || {{ rm -f "$part"; exit 1; }}
found=$(sha256 "$part")
[ "$found" = {shlex.quote(sha256)} ] || {{ rm -f "$part"; echo "$found"; exit {MISMATCH}; }}
mv -f "$part" "$file" && pwd"""


def extract(archive: str, folder: str) -> str:
    """Unpacks a tar archive and prints the scripts at its top, one name a line."""
    flag = next((flag for end, flag in _TAR_FLAGS.items() if archive.endswith(end)), "")
    return f"""\
tar -xo{flag}f {quoted(archive)} -C {quoted(folder)} || exit 1
ls -t packages 2>/dev/null | tail -n +{KEPT_PACKAGES + 1} | while read -r old; do rm -f "packages/$old"; done
cd {quoted(folder)} || exit 1
for file in *.sh *.py *.ps1; do [ -f "$file" ] && printf '%s\\n' "$file"; done; true"""


def unpack(archive: str, folder: str) -> str:
    """Unpacks a tar archive into a folder, made if need be, and prints it absolutely."""
    flag = next((flag for end, flag in _TAR_FLAGS.items() if archive.endswith(end)), "")
    place = quoted(folder)
    return f"mkdir -p {place} && tar -xo{flag}f {quoted(archive)} -C {place} && cd {place} && pwd"


def files_below(folder: str) -> str:
    """Prints every file below the folder, relative to it, one a line."""
    return f"cd {quoted(folder)} && find . -type f | cut -c 3-"


def read(path: str) -> str:
    return f"cat {quoted(path)}"


def size_of(path: str) -> str:
    """Prints the size of a plain file in bytes; fails for anything else, links included."""
    return f"[ -f {quoted(path)} ] && [ ! -L {quoted(path)} ] && wc -c <{quoted(path)}"


def overwrite(path: str) -> str:
    """Replaces what a file holds by standard input; its owner and mode stay."""
    file = quoted(path)
    return (
        f'new={file}.octoplat; cat >"$new" && cat "$new" >{file}; code=$?; rm -f "$new"; exit $code'
    )


def copy_tree(source: str, to: str) -> str:
    return (
        f"mkdir -p {quoted(to)} && cp -R {quoted(source)}/. {quoted(to)}/ && cd {quoted(to)} && pwd"
    )


def remove_listed(folder: str) -> str:
    """Removes the files named on standard input, and folders that become empty."""
    return f"""\
cd {quoted(folder)} || exit 0
while IFS= read -r file; do rm -f -- "./$file"; done
find . -mindepth 1 -type d -empty -delete 2>/dev/null; true"""


def switch_link(path: str, to: str) -> str:
    """Lets the link `path` point to `to`: a rename, so that it never points nowhere."""
    return f"""\
link={quoted(path)}; new="$link.octoplat.$$"
[ -e "$link" ] && [ ! -L "$link" ] && exit {TAKEN}
mkdir -p "$(dirname "$link")" && ln -s {quoted(to)} "$new" || exit 1
mv -Tf "$new" "$link" 2>/dev/null || mv -hf "$new" "$link" 2>/dev/null ||
  {{ rm -f "$new"; ln -sfn {quoted(to)} "$link"; }}"""


def note_install() -> str:
    """Adds a line to the journal of installs."""
    return f"umask 077; cat >>{INSTALLS}"


def installs(key: str) -> str:
    """Prints the journal's lines for a key, oldest first."""
    return f"grep -F {shlex.quote(key)} {INSTALLS} 2>/dev/null; true"


def free_space() -> str:
    """Prints the kilobytes that are free for octoplat's folder; nothing where that is not known."""
    return "df -Pk . 2>/dev/null | awk 'NR==2 {print $4}'"


def is_folder(path: str) -> str:
    return f"[ -d {quoted(path)} ]"


def facts(tools: Sequence[str]) -> str:
    """Prints name=value lines about the machine, for its health check."""
    return f"""\
say() {{ printf '%s=%s\\n' "$1" "$2"; }}
say os "$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME" || uname -sr)"
say architecture "$(uname -m)"
say shell "$(bash -c 'echo $BASH_VERSION' 2>/dev/null)"
say folder "$(pwd)"
mkdir -p runs && touch runs/.probe && rm -f runs/.probe && say writable yes
say free "$({free_space()})"
t="${{TMPDIR:-/tmp}}"; [ -d "$t" ] && [ -w "$t" ] && say temporary "$t"
for tool in {shlex.join(tools)}; do command -v "$tool" >/dev/null 2>&1 && say tool "$tool"; done; true"""
