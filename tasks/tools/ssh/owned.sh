# The owned command, on the host. Plain POSIX sh; needs coreutils, util-linux and grep, nothing else.
#
# It is sent as `exec /bin/sh -c '<this>' watchbill PARAMETER...`; comments and indents are stripped on the way.
# sshd made this shell the leader of its own session without a terminal, so a line that dies takes nothing
# with it: the shell goes on, writes down how the command ended, and only its last act, the answer, is lost.
#
# What it keeps, under BASE (0700):
#   runs/DAY/NAME.state   the run's diary, one word first on each line: claimed, busy, started, exit, kept
#   runs/DAY/NAME.out     the first 64 KiB of standard output (.err: of standard error), .tail: the last 256 KiB
#   runs/DAY/NAME.out.n   how much there was in all
#   runs/DAY/NAME.killed  somebody asked for its end
#   locks/JOB             held while a command of that job runs; its text says which
#   slots/N               held while a command runs; N.out and N.err are its pipes, used again and again
#
# The claim is the creation of the diary (O_EXCL): of two callers with one key exactly one starts the command,
# the other one waits for its end and answers with the same. Every step that a fast command pays for is a
# builtin where one exists: a fork costs 0.3 ms and an exec 0.6 ms, a hundred times in a fan-out.

exec 2>/dev/null
trap '' HUP
verb=$1 tag=$2 base=$3 key=$4 deadline=$5 grace=$6 lock=$7 patience=$8 slots=$9
shift 9
repeat=$1 secret_bytes=$2 script_bytes=$3 oldest=$4 variables=$5
shift 5
cd "${HOME:-/}"
case $base in /*) ;; *) base=$PWD/$base ;; esac
day=${key%%/*}
first=$base/runs/$key run=$first generation=1 mode=started
read -r boot </proc/sys/kernel/random/boot_id

# -- small answers ---------------------------------------------------------------------------------------

# One line, then (for `ended`) the kept bytes; the caller looks for its own tag, so noise before it is harmless.
say() { printf '%s v1 verdict=%s %s\n' "$tag" "$@"; }

refuse() { # VERDICT NOTE: nothing was started
    say "$1" "note=$2"
    exit 0
}

uptime() { read -r "$1" _ </proc/uptime; }

hundredths() { # of a second, of an uptime like 123.45
    REPLY=${1%.*}${1#*.}
}

# Is process $1, started at clock tick $2, still there? A number used again by another process is not.
alive() {
    [ -n "$1" ] && read -r stat <"/proc/$1/stat" || return 1
    tick=$2
    set -- ${stat##*) }
    [ "$1" != Z ] && [ "${20}" = "$tick" ]
}

# -- the diary -------------------------------------------------------------------------------------------

load() {
    runner= runner_tick= runner_boot= claimed= until= busy= pid= pid_tick= begun= code= how= ended= kept= escaped=
    while read -r word a b c d e; do
        case $word in
            claimed) runner=$a runner_tick=$b runner_boot=$c claimed=$d until=$e ;;
            busy) busy="$a $b $c $d $e" ;;
            started) pid=$a pid_tick=$b begun=$c ;;
            exit) code=$a how=$b ended=$c escaped="$d $e" ;;
            kept) kept=1 ;;
        esac
    done <"$run.state"
}

# Every live process of this run: its group, and whoever carries its mark (a child that left by setsid).
members() {
    members=
    for file in $(grep -lzxsF -e "WATCHBILL_STEP=$key" /proc/[0-9]*/environ); do
        file=${file#/proc/}
        members="$members ${file%/environ}"
    done
    # The kernel gives away no number that a group still has. If it gave this one away, the group is gone.
    [ -n "$pid" ] || return 0
    if read -r stat <"/proc/$pid/stat"; then
        set -- ${stat##*) }
        [ "${20}" = "$pid_tick" ] || return 0
    fi
    for file in /proc/[0-9]*/stat; do
        read -r stat <"$file" || continue
        who=${stat%% *}
        set -- ${stat##*) }
        [ "$1" != Z ] && [ "$3" = "$pid" ] || continue
        case "$members " in *" $who "*) ;; *) members="$members $who" ;; esac
    done
}

named() { # PID...: as number:name;number:name
    REPLY=
    for who; do
        read -r name <"/proc/$who/comm" || name='?'
        REPLY="$REPLY$who:$name;"
    done
}

outsiders() { # the members that are not of the group, named
    outside=
    for who in $members; do
        read -r stat <"/proc/$who/stat" || continue
        set -- ${stat##*) }
        [ "$3" = "$pid" ] || outside="$outside $who"
    done
    named $outside
}

# running | ended | busy | unstarted | interrupted | absent
standing() {
    [ -e "$run.state" ] || { standing=absent; return; }
    load
    if [ "$runner_boot" = "$boot" ] && alive "$runner" "$runner_tick"; then
        standing=running
        [ -z "$kept$busy" ] && return
    fi
    if [ -n "$busy" ]; then standing=busy; return; fi
    if [ -n "$code" ]; then standing=ended; return; fi
    if [ -z "$runner" ]; then standing=unstarted; return; fi
    # A dying runner may have written its last line between our reading and our asking.
    load
    if [ -n "$busy" ]; then standing=busy; return; fi
    if [ -n "$code" ]; then standing=ended; return; fi
    standing=unstarted
    [ -n "$pid" ] || return 0
    standing=interrupted
    uptime now
    [ "$runner_boot" = "$boot" ] && [ "${now%.*}" -lt "$until" ] || return 0
    members
    [ -z "$members" ] || standing=running
}

# -- the answer ------------------------------------------------------------------------------------------

# How much of stream $1 there is: "size head tail sha256", the last "-" where the head is everything.
measure() {
    size= sha=-
    while read -r word a b _; do
        [ "$word" = kept ] && size=$a sha=$b
    done <"$run.$1.n"
    head=$size tail=0
    if [ -z "$size" ] || [ "$sha" != - ]; then
        head=$(wc -c <"$run.$1") tail=$([ "$sha" = - ] || wc -c <"$run.$1.tail")
        : "${head:=0}" "${tail:=0}" "${size:=$head}"
    fi
    REPLY="$size,$head,$tail,$sha"
}

# Print file $1 of $2 bytes; a small text without forking, when what was read is as long as the file.
show() {
    if [ "$2" -le 1024 ]; then
        text=
        while IFS= read -r line; do text="$text$line
"; done <"$1"
        text=$text$line
        [ ${#text} -eq "$2" ] && printf '%s' "$text" && return
    fi
    cat "$1"
}

answer() {
    measure out; out=$REPLY out_head=$head out_tail=$tail
    measure err; err=$REPLY err_head=$head err_tail=$tail
    uptime now
    [ "$runner_boot" = "$boot" ] || how=${how}-rebooted
    say "$1" "mode=$mode generation=$generation code=$code how=$how claimed=$claimed begun=$begun ended=$ended \
now=$now out=$out err=$err note=$2"
    [ "$out_head" = 0 ] || show "$run.out" "$out_head"
    [ "$out_tail" = 0 ] || cat "$run.out.tail"
    [ "$err_head" = 0 ] || show "$run.err" "$err_head"
    [ "$err_tail" = 0 ] || cat "$run.err.tail"
}

# Wait for the end of a run that another shell owns; its first line may be about to be written.
await() {
    tries=0
    while :; do
        standing
        case $standing in
            running) [ "$1" = wait ] || return ;;
            unstarted) [ -z "$runner" ] && [ $tries -lt 25 ] || return ;;
            *) return ;;
        esac
        tries=$((tries + 1))
        sleep 0.2
    done
}

# Wait for it (or only look), then answer as its owner would.
follow() {
    mode=attached
    await "$1"
    case $standing in
        running) answer running ;;
        ended) answer ended "$escaped" ;;
        busy) say busy "mode=attached note=$busy" ;;
        interrupted) answer interrupted ;;
        *) say absent ;;
    esac
    exit 0
}

# -- the output ------------------------------------------------------------------------------------------

# Keep the stream on standard input as $1: the first 64 KiB by one dd. Only what is longer, or came in more
# than 512 pieces, pays for a hash, a count and a tail. The reader's number lets `cut` end the reading.
keep() {
    exec 3<&0
    LC_ALL=C dd bs=128 count=512 of="$1" 2>>"$1.n" <&3 &
    echo "reader $!" >>"$1.n"
    wait "$!"
    full=$?
    size= records=
    while read -r a b _; do
        case $b in records) : "${records:=$a}" ;; bytes) size=$a ;; esac
    done <"$1.n"
    sha=-
    if [ "$full" = 0 ] && [ $(($records)) = 512 ]; then
        mkfifo "$1.hash" "$1.count"
        sha256sum <"$1.hash" >"$1.sum" &
        wc -c <"$1.count" >"$1.size" &
        {
            cat "$1"
            cat <&3 &
            echo "reader $!" >>"$1.n"
            wait "$!"
        } | tee "$1.hash" "$1.count" | { head -c 65536 >"$1.head"; tail -c 262144 >"$1.tail"; cat >/dev/null; }
        wait
        mv "$1.head" "$1"
        read -r size <"$1.size"
        read -r sha _ <"$1.sum"
        rm -f "$1.hash" "$1.count" "$1.size" "$1.sum"
        [ "$size" -gt 65536 ] || sha=-
    elif [ -z "$size" ] || [ "$full" = 1 ]; then
        # Cut off, or the disk is full: a command must not die of our troubles, so go on reading for nobody.
        [ "$full" = 1 ] && { cat <&3 >/dev/null & echo "reader $!" >>"$1.n"; wait "$!"; }
        size=$(wc -c <"$1")
    fi
    echo "kept $size $sha" >>"$1.n"
}

is_kept() { # stream $1; who reads it is in `reader`
    while read -r word a _; do
        case $word in kept) return 0 ;; reader) reader=$a ;; esac
    done <"$run.$1.n"
    return 1
}

# The command ended: its streams end with it, unless a daemon holds them. That one gets two seconds.
finish_streams() {
    tries=0
    until is_kept out && is_kept err; do
        tries=$((tries + 1))
        case $tries in
            [1-4]) (: ) ;; # a fork that ends: the cheapest way to let the readers run
            [5-9]) sleep 0.01 ;;
            *) sleep 0.05 ;;
        esac
        if [ "$tries" = 50 ]; then
            cut=1
            is_kept out || kill "$reader"
            is_kept err || kill "$reader"
        fi
        [ "$tries" -lt 90 ] || break
    done
}

# -- starting --------------------------------------------------------------------------------------------

prepare() { # the folders, once a day; then what is older than a week goes
    [ -d "$base/runs/$day" ] && return
    trouble=$({ mkdir -p "$base" && chmod 700 "$base" && mkdir -p "$base/runs/$day" "$base/locks" "$base/slots"; } 2>&1) ||
        refuse unusable "${trouble##*: }: $base"
    for old in "$base"/runs/[0-9]*; do
        if [ "${old##*/}" -lt "$oldest" ]; then rm -rf "$old" & fi
    done
}

# Read what came by standard input: secrets (never stored) and the script. Half of it counts as nothing.
receive() {
    if [ "$secret_bytes" -gt 0 ]; then
        secrets=$(head -c "$secret_bytes"; echo .)
        case $secrets in *'#complete'?.) ;; *) refuse torn ;; esac
        secrets=${secrets%.}
    fi
    [ "$script_bytes" = - ] && return
    head -c "$script_bytes" >"$run.script.$$"
    [ "$(wc -c <"$run.script.$$")" -eq "$script_bytes" ] || {
        rm -f "$run.script.$$"
        trouble=$({ printf '%4096s' x >"$run.script.$$"; } 2>&1) || refuse unusable "${trouble##*: }: $base"
        rm -f "$run.script.$$"
        refuse torn
    }
    chmod 700 "$run.script.$$"
}

claim() {
    read -r stat <"/proc/$$/stat"
    uptime claimed
    until=$((${claimed%.*} + patience + deadline + grace + 10))
    set -C
    tick() { runner_tick=${20}; }
    tick ${stat##*) }
    if ! printf '' >"$run.state"; then
        set +C
        [ -e "$run.state" ] && return 1
        refuse unusable "cannot write to $base"
    fi
    set +C
    printf 'claimed %s %s %s %s %s\n' $$ "$runner_tick" "$boot" "$claimed" "$until" >>"$run.state" || {
        rm -f "$run.state"
        refuse unusable "No space left: $base"
    }
    runner_boot=$boot
}

# The job's lock (fd 9), then one of the host's slots (fd 8); both are the kernel's, so the dead hold none.
take() {
    if [ "$lock" != - ]; then
        busy="the lock $lock cannot be opened in $base/locks"
        command exec 9>>"$base/locks/$lock" || return 1
        flock -n 9 || {
            read -r holder <"$base/locks/$lock"
            busy="the lock $lock is held by $holder"
            return 1
        }
        echo "$key" >"$base/locks/$lock"
    fi
    slot=$(($$ % slots)) tries=0
    while [ $tries -lt "$slots" ]; do
        slot=$((slot % slots + 1)) tries=$((tries + 1))
        command exec 8>>"$base/slots/$slot" || break
        flock -n 8 && { slot=$base/slots/$slot; return 0; }
    done
    command exec 9>&-
    busy="all $slots command slots of this host are taken"
    return 1
}

take_patiently() {
    uptime now
    hundredths "$now"
    last=$((REPLY + patience * 100))
    until take; do
        uptime now
        hundredths "$now"
        if [ -e "$run.killed" ]; then busy='killed while it waited for its turn'; fi
        if [ -e "$run.killed" ] || [ "$REPLY" -ge "$last" ]; then
            echo "busy $busy" >>"$run.state"
            say busy "mode=started note=$busy"
            exit 0
        fi
        sleep 0.2
    done
}

# A slot that was not given back may have a writer left on its pipes: those are replaced, not shared.
make_pipes() {
    read -r used <"$slot.use"
    [ "$used" = free ] && [ -p "$slot.out" ] && [ -p "$slot.err" ] || {
        rm -f "$slot.out" "$slot.err"
        mkfifo "$slot.out" "$slot.err"
    }
    echo used >"$slot.use"
}

# In the subshell that becomes the command. `timeout` leads its group, and ends it at the deadline.
become() {
    trap - HUP
    timeout=/usr/bin/timeout
    [ -x $timeout ] || timeout=timeout
    while [ "$variables" -gt 0 ]; do
        export "$1"
        shift
        variables=$((variables - 1))
    done
    [ -z "$secrets" ] || eval "$secrets"
    export "WATCHBILL_STEP=$key"
    read -r stat </proc/self/stat
    uptime begun
    tick() { pid_tick=${20}; }
    tick ${stat##*) }
    printf 'started %s %s %s\n' "${stat%% *}" "$pid_tick" "$begun" >>"$run.state"
    if [ "$script_bytes" = - ]; then exec $timeout -k "$grace" "$deadline" "$@"; fi
    exec $timeout -k "$grace" "$deadline" "$run.script" "$@"
}

start() {
    if [ "$script_bytes" != - ]; then mv "$run.script.$$" "$run.script"; fi
    take_patiently
    make_pipes
    keep "$run.out" <"$slot.out" >/dev/null &
    keep "$run.err" <"$slot.err" >/dev/null &
    if [ -e "$run.killed" ]; then
        (: ) >"$slot.out" 2>"$slot.err"
        code=143
        uptime begun
    else
        (become "$@") </dev/null >"$slot.out" 2>"$slot.err" 8>&- 9>&-
        code=$?
    fi
    uptime ended
    while read -r word a b c _; do
        [ "$word" = started ] && pid=$a begun=$c
    done <"$run.state"
    settle
    printf 'exit %s %s %s %s\n' "$code" "$how" "$ended" "$escaped" >>"$run.state"
    # What took a second is worth an fsync. What did not, and was lost with the host's power, is as unknown as if
    # the power had gone a second sooner.
    [ "${ended%.*}" = "${begun%.*}" ] || sync "$run.state"
    finish_streams
    echo kept >>"$run.state"
    [ -n "$cut" ] || echo free >"$slot.use"
    answer ended "$escaped"
}

# Which end was it: its own, our deadline's, or a kill's? A command may itself return 124.
settle() {
    how=exit escaped=
    [ -e "$run.killed" ] && how=killed
    case $code in 124 | 137) ;; *) return ;; esac
    hundredths "$ended"; late=$REPLY
    hundredths "$begun"
    [ "$how" = exit ] && [ $((late - REPLY)) -ge $((deadline * 100)) ] || return
    how=deadline
    members
    [ -z "$members" ] && return
    outsiders
    escaped=$REPLY
    kill -KILL $members
}

# -- the three verbs -------------------------------------------------------------------------------------

second_life() { [ -e "$first~2.state" ] && run=$first~2 generation=2; }

do_run() {
    prepare
    second_life
    receive
    claim && { start "$@"; return; }
    [ "$script_bytes" = - ] || rm -f "$run.script.$$"
    mode=attached
    await wait
    # Lost before it began, or lost and allowed to be repeated: one second life, under a name of its own.
    if [ "$generation" = 1 ]; then
        case $standing$repeat in
            unstarted* | interrupted1)
                [ "$script_bytes" = - ] || [ -e "$run.script" ] || follow wait
                [ "$script_bytes" = - ] || cp -p "$run.script" "$first~2.script.$$"
                run=$first~2 generation=2 mode=started
                claim && { start "$@"; return; }
                ;;
        esac
    fi
    follow wait
}

do_kill() {
    second_life
    standing
    case $standing in
        running) ;;
        *) follow now ;;
    esac
    printf '' >"$run.killed"
    sent=TERM names= quiet=0 tries=0
    # Gone means: read twice, nobody of the group and nobody with the mark, and the runner has said how it ended.
    while [ $quiet -lt 2 ]; do
        load
        members
        if [ -n "$members" ]; then
            quiet=0
            outsiders
            for one in $outside; do
                case "$names" in *"$one:"*) ;; *) named "$one"; names="$names$REPLY" ;; esac
            done
            [ $tries = $((grace * 10)) ] && sent="$sent,KILL"
            case $sent in *KILL) signal=KILL ;; *) signal=TERM ;; esac
            # Twice at most with TERM: a handler that was running must not be started over and over.
            case $tries$signal in 0TERM | 5TERM | *KILL) kill -$signal $members; kill -$signal -- "-$pid" ;; esac
        elif [ -n "$code$busy" ] || ! alive "$runner" "$runner_tick"; then
            quiet=$((quiet + 1))
        fi
        [ $quiet = 2 ] && break
        tries=$((tries + 1))
        [ $tries -lt $((grace * 10 + 50)) ] || break
        sleep 0.1
    done
    survivors=
    [ -z "$members" ] || { named $members; survivors=$REPLY; }
    uptime now
    say killed "code=$code how=$how signals=$sent gone=$quiet begun=$begun ended=$ended now=$now \
note=$survivors|$names"
}

do_probe() {
    for tool in cat chmod dd flock grep head mkdir mkfifo mv rm sha256sum sleep sync tail tee timeout wc; do
        command -v $tool >/dev/null || missing="$missing $tool"
    done
    [ -z "$missing" ] || refuse unusable "not installed:$missing"
    prepare
    trouble=$({ printf '%4096s' x >"$base/runs/probe.$$"; } 2>&1) || { rm -f "$base/runs/probe.$$"; refuse unusable "${trouble##*: }: $base"; }
    rm -f "$base/runs/probe.$$"
    say probed "note=$1"
}

case $verb in
    run) do_run "$@" ;;
    collect) second_life; follow wait ;;
    look) second_life; follow now ;;
    kill) do_kill ;;
    probe) do_probe "$@" ;;
esac
