# The owned stream, on the host: put before owned.sh, whose diary, slots, locks, deadline and kills it uses.
#
# The bytes of the command's standard output go straight to the line's standard output, after one line with the
# request's tag (a login shell may have talked before it). Every answer goes to the line's standard error.
# A stream dies with its line: who reads it is gone, and nobody could take it up in the middle.

exec 3>&2

# Standard input ends before the command does: the line died, and so does the command. This goes on until the
# command's shell ends it, for the command may only be about to begin.
end_it() {
    tries=0
    while [ $tries -lt $((grace * 10 + 600)) ]; do
        members
        if [ -n "$members" ]; then
            [ $tries != 0 ] || kill -TERM $members
            [ $tries -lt $((grace * 10)) ] || kill -KILL $members
            tries=$((tries + 1))
        else
            kill -0 $$ || return
        fi
        sleep 0.1
    done
}

watch_line() {
    read -r _
    end_it
}

# What comes for the command. A line that died looks like the end of the input; but then nobody hears us either,
# and the command is ended before it takes half of its input for all of it.
pump() {
    trap '' PIPE
    cat 6>&-
    sleep 0.05
    printf '\n' >&6 || end_it
}

# Who outlived the command and holds its output still may be writing what everybody would take as complete.
strays() {
    stray=
    members
    for who in $members; do
        for file in "/proc/$who/fd/"*; do
            [ "$file" -ef "/proc/$$/fd/4" ] && stray="$stray $who" && break
        done
    done
    [ -n "$stray" ]
}

end_strays() {
    tries=0
    while strays; do
        [ $tries != 20 ] || {
            named $stray
            escaped=$escaped$REPLY
            kill -KILL $stray
        }
        [ $tries -lt 70 ] || return
        tries=$((tries + 1))
        sleep 0.1
    done
}

make_stream_pipes() {
    make_pipes
    printf '' >"$slot.out.head"
    echo 'kept 0 - end' 1<>"$slot.out.kept" # nothing is kept of what is sent
    out_keeper=none
    rm -f "$slot.in"
    mkfifo "$slot.in" && return
    give_back
    rm -f "$run.state"
    is_writable
    refuse unusable "${trouble:-a pipe cannot be made in $base}"
}

flow() { # COMMAND...
    keep "$slot.err" "$run.err" <"$slot.err" >/dev/null 4>&- 5<&- &
    err_keeper=$!
    guard=
    case $direction in
        in)
            pump <&5 6>&1 >"$slot.in" 4>&- 5<&- &
            guard=$!
            exec 7<"$slot.in"
            ;;
        direct) exec 7<&5 ;;
        out)
            watch_line <&5 >/dev/null 4>&- 5<&- &
            guard=$!
            exec 7</dev/null
            ;;
    esac
    timeout=/usr/bin/timeout
    [ -x $timeout ] || timeout=timeout
    echo "started $begun" >>"$run.state"
    (eval "WATCHBILL_STEP=\$key $assignments exec \$timeout -k \$grace \$deadline \"\$@\"") \
        <&7 >&4 2>"$slot.err" 4>&- 5<&- 7<&-
    code=$?
    exec 7<&-
    [ -z "$guard" ] || kill -KILL "$guard"
}

do_stream() { # in|direct|out COMMAND...
    direction=$1
    shift
    exec 4>&1 1>&3 3>&- 5<&0
    prepare
    receive
    claim || refuse busy 'its key was used before'
    take_patiently || return
    make_stream_pipes
    printf '%s stream\n' "$tag" >&4
    flow "$@"
    uptime ended
    hundredths "$begun"
    took=$REPLY
    hundredths "$ended"
    took=$((REPLY - took))
    settle
    end_strays
    echo "exit $code $how $ended $escaped" >>"$run.state"
    exec 4>&-
    finish_streams
    give_back
    now=$ended
    answer ended "$escaped"
    if [ -n "$inline" ]; then printf %s "$text"; else show; fi
}
