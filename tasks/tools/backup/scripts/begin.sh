# A private folder on the host, gone at the end whatever happens; what a killed run left is cleared first.
set -u
export LC_ALL=C
umask 077
missing=81 empty=82 wrong_version=83 unreadable=84 failed=85 not_installed=86
die() {
    code=$1
    shift
    printf '%s\n' "$*" >&2
    exit "$code"
}
last_words() {
    tail -n 3 "$work/said" | tr '\n' ' ' | cut -c 1-400
}
send() {
    tar --create --file=- --format=posix --pax-option=delete=atime,delete=ctime --numeric-owner --sort=name \
        --directory="$work/out" -- "$@" 2>"$work/said" || die "$failed" "it could not be sent: $(last_words)"
}
base=${TMPDIR:-/var/tmp}
for left in "$base/watchbill-$1".*; do
    owner=${left#"$base/watchbill-$1."}
    # Another Watchbill may be reading a source of the same name here.
    if kill -0 "${owner%%.*}" 2>/dev/null; then continue; fi
    if [ -d "$left" ] && [ ! -L "$left" ] && [ -O "$left" ]; then rm -rf -- "$left"; fi
done
work=$(mktemp -d "$base/watchbill-$1.$$.XXXXXXXX") || die "$failed" "no folder could be made in $base; make room there"
# A kill says TERM twice: the second one must not end the `rm`, to which it is handed down as ignored.
trap 'trap "" TERM HUP INT; rm -rf -- "$work"' EXIT
trap 'trap "" TERM HUP INT; exit 143' TERM HUP INT
mkdir "$work/out" && cd "$work/out" || die "$failed" "$work cannot be used"
shift
