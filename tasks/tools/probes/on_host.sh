# The readings of one host, all at once. Plain POSIX sh; needs coreutils and grep, nothing else.
#
# Each reading says two lines: `TAG NUMBER text WORDS`, its output with \001 for newlines, and `TAG NUMBER exit CODE`.
# A line is written at once and is shorter than PIPE_BUF, so that readings which end together do not mix. One that
# hangs, as df does on a dead network mount, keeps nobody else from answering.
#
# The processes are read before anything else is started: no command of ours is found by a pattern that it carries.

export LC_ALL=C
exec 3>&1
newline='
'

reading() { # NUMBER SECONDS COMMAND WORD...
    number=$1 seconds=$2
    shift 2
    {
        text=$(
            {
                timeout -k 2 "$seconds" "$@" 2>&1 3>&- </dev/null
                printf '%s %s exit %s\n' "$tag" "$number" "$?" >&3
            } | { head -c 3000; cat >/dev/null; } | tr '\n\000' '\001 '
        )
        printf '%s %s text %s\n' "$tag" "$number" "$text"
    } &
}

said() { # NUMBER WORDS: a reading that needs no command
    printf '%s %s text %s\n%s %s exit 0\n' "$tag" "$1" "$2" "$tag" "$1"
}

disk() { # NUMBER SECONDS MOUNT
    reading "$1" "$2" sh -c 'df -P -k -- "$1" && df -P -i -- "$1"' sh "$3"
}

load() { # NUMBER SECONDS
    reading "$1" "$2" sh -c 'read -r one five fifteen rest </proc/loadavg && echo "$one $five $fifteen $(nproc)"'
}

# What is new in a file since the last reading is searched, whole lines only: the rest of an unfinished one is left for
# the next time. Of a file that was never read, or grew by more than 4 MiB, the end is searched.
log_lines='
limit=4194304
set -- "$1" "$2" "$3" "$4" $(stat -L -c "%Y %s %i" -- "$1") || exit 1
[ -n "$7" ] || { stat -L -c "%Y" -- "$1"; exit 1; }
printf "%s %s\n" "$5" "$(date +%s)"
[ -n "$2" ] || exit 0
from=$3
[ "$7" = "$4" ] && [ "$6" -ge "$from" ] || from=0
[ $(($6 - from)) -le $limit ] || from=$(($6 - limit))
part=$(tail -c "+$((from + 1))" -- "$1" | head -c "$(($6 - from))" | tr "\000" " "; printf x)
last=${part##*"
"}
found=$(printf "%s" "${part%"$last"}" | grep -c -E -e "$2")
[ $? -le 1 ] || exit 1
printf "%s %s %s\n" "$(($6 - ${#last} + 1))" "$7" "$found"
'

log() { # NUMBER SECONDS FILE PATTERN FROM INODE
    reading "$1" "$2" sh -c "$log_lines" sh "$3" "$4" "$5" "$6"
}

# One line for each process with a command line: its name, a tab, its arguments.
processes() {
    files=
    for process in /proc/[0-9]*; do
        files="$files $process/comm $process/cmdline"
    done
    head -v -c 4096 $files 2>/dev/null | tr '\000' ' ' | {
        name= arguments= part=
        while IFS= read -r line; do
            case $line in
                '==> /proc/'*'/comm <==')
                    [ -n "$arguments" ] && printf '%s\t%s\n' "$name" "$arguments"
                    name= arguments= part=name
                    ;;
                '==> /proc/'*'/cmdline <==') part=arguments ;;
                *)
                    case $part in
                        name) name=$line part= ;;
                        arguments) [ -n "$line" ] && arguments="$arguments${arguments:+ }${line% }" ;;
                    esac
                    ;;
            esac
        done
        [ -n "$arguments" ] && printf '%s\t%s\n' "$name" "$arguments"
    }
}

process_named() { # NUMBER NAME
    said "$1" "$(printf '%s\n' "$processes" | cut -f 1 | grep -c -x -F -e "$2")"
}

process_like() { # NUMBER PATTERN
    found=$(printf '%s\n' "$processes" | cut -f 2- | grep -c -E -e "$2")
    said "$1" "$found"
}
