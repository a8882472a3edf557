"""The sh programs that run on machines. They need sh, tar, cat, head and mkdir; the rest is optional.

Protocol of a run (docs/decisions/0006-detached-scripts.md). Everything of it is in `runs/<token>`, mode 0700:

    files/   the script and what belongs to it     pid   process group of the run
    work/    its working folder                    exit  exit code, written last
    go       made exclusively before the start     out, err

`mkdir` of the folder and the exclusive `go` make a second start with the same token impossible. What
starts or follows a run ends both its outputs with a trailer: a mark that nobody else knows, and one
word. After an exit code it waits for the line "forget", and then removes the folder; when its input
ends, it leaves it.
"""

WORD = 8  # characters of a trailer's word

# Octoplat's folder: $1, or else below the home folder. Made with the user's own umask, because
# applications are installed there; runs are private.
_ENTER = """\
root=${1:-$HOME/.octoplat}; shift
cd "$root" 2>/dev/null || { mkdir -p "$root" && cd "$root"; } || exit 96
"""

_SAY = """\
tell() { printf '%s:%-8s' "$mark" "$1" >&2; printf '%s:%-8s' "$mark" "$1"; }
say() { tell "$1"; exit 0; }
"""

# Is the process $1 really the bootstrap of this run, and not a later process with its number?
_MINE = """\
mine() {
  kill -0 "$1" 2>/dev/null || return 1
  if [ -r "/proc/$1/cmdline" ]; then grep -q "$token" "/proc/$1/cmdline" 2>/dev/null
  else case "$(ps -p "$1" -o args= 2>/dev/null)" in *"$token"*) return 0;; esac; return 1; fi
}
"""

# Copies out and err as they grow. A file's position is shared with each cat, so nothing is copied
# twice and nothing is left out; dd moves it to where a former reader stopped. Each process counts
# where hundreds of targets are followed, so a short script costs one nap and one cat.
_FOLLOW = """\
skip() {
  [ "$1" -ge 65536 ] && dd bs=65536 count=$(($1 / 65536)) >/dev/null 2>&1
  [ $(($1 % 65536)) -gt 0 ] && dd bs=$(($1 % 65536)) count=1 >/dev/null 2>&1
  return 0
}
copy() {
  if [ -s out ]; then cat <&3 || exit 0; fi
  if [ -s err ]; then cat <&4 >&2 || exit 0; fi
}
follow() {
  exec 3<out 4<err
  [ "$1" -eq 0 ] || skip "$1" <&3
  [ "$2" -eq 0 ] || skip "$2" <&4
  set -- 0.01 0.02 0.04 0.08 0.2
  while [ ! -s exit ]; do
    if ! kill -0 "$pid" 2>/dev/null && [ ! -s exit ]; then copy; say lost; fi
    sleep "$1"
    [ $# -eq 1 ] || shift
    [ -s exit ] || copy
  done
  copy
  read -r code <exit
  tell "exit:$code"
  exec >&- 2>&-
  read -r word && [ "$word" = forget ] && cd .. && exec rm -rf "$token"
  exit 0
}
"""

# The parent of a script: it alone knows the exit code. TERM is for the script; this one waits.
_BOOTSTRAP = """\
folder=$2; shift 2
for word; do
  shift
  case $word in @/*) word="$PWD/files/${word#@/}" ;; esac
  set -- "$@" "$word"
done
echo $$ >pid
trap : TERM INT HUP
export OCTOPLAT_RUN="$PWD"
( cd "$folder" && exec "$@" ) <files/.stdin >out 2>err &
script=$!
while :; do
  wait $script; code=$?
  kill -0 $script 2>/dev/null || break
done
echo $code >exit
rm -rf files
"""

START = (
    _ENTER
    + """\
mark=$1; token=$2; folder=${3:-work}; bootstrap=$4; size=$5; old=$6; shift 6
[ -d runs ] || mkdir -m 700 runs 2>/dev/null || [ -d runs ] || exit 96
"""
    + _SAY
    + _FOLLOW
    + """\
if ! mkdir -m 700 "runs/$token" 2>/dev/null; then
  cd "runs/$token" 2>/dev/null || exit 95
  set -C
  true 2>/dev/null >go || say twice
  set +C
  cd ../..
  mv "runs/$token" "runs/.void-$token-$$" && mkdir -m 700 "runs/$token" || exit 95
fi
cd "runs/$token" || exit 95
head -c "$size" | tar -xof - || exit 95
: >out; : >err
trap '' HUP
set -C
true 2>/dev/null >go || say twice
set +C
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c "$bootstrap" octoplat-run "$token" "$folder" "$@" </dev/null >/dev/null 2>&1 &
else
  set -m
  sh -c "$bootstrap" octoplat-run "$token" "$folder" "$@" </dev/null >/dev/null 2>&1 &
  set +m
fi
pid=$!
trap - HUP
[ -z "$old" ] || ( cd .. && rm -rf $old ) </dev/null >/dev/null 2>&1 &
follow 0 0
"""
)

ATTACH = (
    _ENTER
    + "mark=$1; token=$2; shift 2\n"
    + _SAY
    + 'cd "runs/$token" 2>/dev/null || say absent\n'
    + _MINE
    + _FOLLOW
    + """\
[ -e go ] || say absent
tries=0
while [ ! -s pid ] && [ $tries -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -s pid ] || say lost
read -r pid <pid
if [ ! -s exit ] && ! mine "$pid"; then pid=2147483646; fi
follow "$1" "$2"
"""
)

# $2: seconds between TERM and KILL. A run that has not started yet is made unable to start ("void").
STOP = (
    _ENTER
    + """\
token=$1; grace=$2
( umask 077; mkdir -p runs; mkdir "runs/$token" 2>/dev/null )
cd "runs/$token" || exit 95
set -C
true 2>/dev/null >go && { echo void; exit 0; }
set +C
"""
    + _MINE
    + """\
gone() { ! kill -0 "-$pid" 2>/dev/null; }
within() {
  left=$(($1 * 10))
  while [ $left -gt 0 ]; do
    gone && { echo gone; exit 0; }
    sleep 0.1; left=$((left - 1))
  done
}
tries=0
while [ ! -s pid ] && [ $tries -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -s pid ] || { echo gone; exit 0; }
read -r pid <pid
if [ ! -s exit ]; then mine "$pid" || { echo gone; exit 0; }; fi
kill -s TERM -- "-$pid" 2>/dev/null
within "$grace"
kill -s KILL -- "-$pid" 2>/dev/null
within 5
echo alive
"""
)

CLEAN = _ENTER + 'cd runs 2>/dev/null && exec rm -rf "$@"\n'

# Runs nobody asked about for a week, and secrets of runs that died without tidying up.
SWEEP = (
    _ENTER
    + "cd runs 2>/dev/null || exit 0\n"
    + _MINE
    + """\
find . -mindepth 1 -maxdepth 1 -type d -mmin +60 2>/dev/null | while read -r run; do
  token=${run#./}
  if [ ! -s "$run/exit" ] && [ -s "$run/pid" ]; then
    read -r pid <"$run/pid"
    mine "$pid" && continue
  fi
  rm -rf "$run/files"
  [ "$(find "$run" -maxdepth 0 -mtime +7)" ] && rm -rf "$run"
done
true
"""
)

RUN = _ENTER + 'eval "$1"\n'


def bootstrap() -> str:
    """The program that becomes the parent of a script."""
    return _BOOTSTRAP


def cut_trailer(mark: str, output: bytes) -> tuple[bytes, bytes]:
    """Output, and after it what is or may become a trailer: nothing else follows there."""
    begin = f"{mark}:".encode()
    cut = output.rfind(begin)
    if cut < 0:
        longest = min(len(begin) - 1, len(output))
        begun = next((n for n in range(longest, 0, -1) if output.endswith(begin[:n])), 0)
        cut = len(output) - begun
    return output[:cut], output[cut:]


def read_trailer(mark: str, tail: bytes) -> str | None:
    """The word of a trailer, or None while it is not complete."""
    begin = f"{mark}:".encode()
    if len(tail) != len(begin) + WORD or not tail.startswith(begin):
        return None
    return tail[len(begin) :].decode("ascii", errors="replace").strip()
