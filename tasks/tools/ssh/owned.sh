# The owned command, on the host. Plain POSIX sh; needs coreutils, util-linux and grep, nothing else.
#
# It is sent as `exec /bin/sh -c '<this>' watchbill`, comments and indents stripped on the way, and then reads its
# requests from standard input, one quoted line each, followed by as many bytes as the request says.
# sshd made this shell the leader of its own session without a terminal, so a line that dies takes nothing
# with it: the shell goes on, writes down how the command ended, and only its last act, the answer, is lost.
#
# What it keeps, under BASE (0700):
#   runs/DAY/NAME.state   the run's diary: claimed, busy, started, exit, kept; then the output when it is small
#   runs/DAY/NAME.out     else the first 64 KiB of standard output (.err: of standard error), .tail: the last 256
#   runs/DAY/NAME.killed  somebody asked for its end: nothing of that name starts any more
#   runs/DAY/NAME.signalled  ... and signals were sent to it while it ran
#   locks/JOB             says which command of that job runs; read and written under `mutex`
#   slots/N               says which command runs; N.out and N.err are its pipes, N.out.* what goes through them:
#                         used again and again, because a new file costs as much as a fork
#   slots/N.own.PID       says whether the shell to which slot N is lent uses it
#
# The claim is the creation of the diary (O_EXCL): of two callers with one key exactly one starts the command,
# the other one waits for its end and answers with the same. A run writes its diary, then looks for the mark
# `killed`; a kill writes the mark, then looks at the diary: one of them always sees the other.
# Every step that a fast command pays for is a builtin where one exists, and runs in the foreground where not
# (dash forks the cheap way then): a subshell costs 0.2 ms and a program 0.9 ms, a hundred times in a fan-out.

exec 2>/dev/null
trap : HUP # survived by us, but unlike an ignored one not handed down to the command
cd "${HOME:-/}"
newline='
'
read -r boot </proc/sys/kernel/random/boot_id
read -r stat <"/proc/$$/stat"
set -- ${stat##*) }
own_tick=${20} lent_slot=

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
    runner= runner_tick= runner_boot= claimed= until= busy= begun= code= how= ended= escaped=
    out= out_sha= err= err_sha= inline=
    while read -r word a b c d e; do
        case $word in
            claimed) runner=$a runner_tick=$b runner_boot=$c claimed=$d until=$e ;;
            busy) busy="$a $b $c $d $e" ;;
            started) begun=$a ;;
            exit) code=$a how=$b ended=$c escaped="$d $e" ;;
            kept) out=$a out_sha=$b err=$c err_sha=$d inline=$e; return ;;
        esac
    done <"$run.state"
}

group_of() { # process $1; fails when it is gone or a zombie
    read -r stat <"/proc/$1/stat" || return 1
    set -- ${stat##*) }
    REPLY=$3
    [ "$1" != Z ]
}

# Every live process of this run: whoever carries its mark (also a child that left by setsid), and whoever is of
# the group that `timeout` made, even with its environment swept.
members() {
    members= group=
    for file in $(grep -lzxsF -e "WATCHBILL_STEP=$key" /proc/[0-9]*/environ); do
        file=${file#/proc/}
        members="$members ${file%/environ}"
    done
    for who in $members; do
        group_of "$who" || continue
        [ "$REPLY" = "$who" ] && read -r name <"/proc/$who/comm" && [ "$name" = timeout ] && group=$who
    done
    [ -n "$group" ] || return 0
    for file in /proc/[0-9]*/stat; do
        who=${file#/proc/}
        who=${who%/stat}
        case "$members " in *" $who "*) continue ;; esac
        group_of "$who" && [ "$REPLY" = "$group" ] && members="$members $who"
    done
}

named() { # PID...: as number:name;number:name
    REPLY=
    for who; do
        read -r name <"/proc/$who/comm" || name='?'
        REPLY="$REPLY$who:$name;"
    done
}

outsiders() { # the members that are not of the group
    outside=
    for who in $members; do
        group_of "$who" && [ "$REPLY" != "$group" ] && outside="$outside $who"
    done
}

# running | ended | busy | unstarted | interrupted | absent
standing() {
    [ -e "$run.state" ] || { standing=absent; return; }
    load
    if [ "$runner_boot" = "$boot" ] && alive "$runner" "$runner_tick"; then
        standing=running
        [ -n "$busy$err" ] || return
    fi
    if [ -n "$busy" ]; then standing=busy; return; fi
    if [ -n "$code" ]; then standing=ended; return; fi
    if [ -z "$runner" ]; then standing=unstarted; return; fi
    # A dying runner may have written its last line between our reading and our asking.
    load
    if [ -n "$busy" ]; then standing=busy; return; fi
    if [ -n "$code" ]; then standing=ended; return; fi
    standing=unstarted
    [ -n "$begun" ] || return 0
    standing=interrupted
    uptime now
    [ "$runner_boot" = "$boot" ] && [ "${now%.*}" -lt "$until" ] || return 0
    members
    [ -z "$members" ] || standing=running
}

# -- the answer ------------------------------------------------------------------------------------------

# How much there is of stream $1 of size $2 and hash $3: size,head,tail,hash. A hash means that it was cut.
measure() {
    head=$2 tail=0
    [ -n "$2" ] || set -- "$1" "" -
    if [ -z "$2" ] || [ "$3" != - ]; then
        head=$(wc -c <"$run.$1") tail=$([ -z "$2" ] || wc -c <"$run.$1.tail")
        : "${head:=0}" "${tail:=0}"
    fi
    REPLY=${2:-$head},$head,$tail,${3:--}
}

# Read file $1 of $2 bytes without forking; fails when what was read is not as long as the file (a NUL).
slurp() {
    text=
    [ "$2" -le 1024 ] || return
    while IFS= read -r line; do text=$text$line$newline; done <"$1"
    text=$text$line
    [ ${#text} -eq "$2" ]
}

answer() {
    measure out "$out" "$out_sha"; out_facts=$REPLY out_head=$head out_tail=$tail
    measure err "$err" "$err_sha"; err_facts=$REPLY err_head=$head err_tail=$tail
    [ "$runner_boot" = "$boot" ] || how=${how}-rebooted
    say "$1" "mode=$mode generation=$generation code=$code how=$how claimed=$claimed begun=$begun ended=$ended \
now=$now out=$out_facts err=$err_facts note=$2"
}

show() {
    case $inline in
        '') ;;
        *) tail -c $((out_head + err_head)) "$run.state"; return ;;
    esac
    [ "$out_head" = 0 ] || cat "$run.out"
    [ "$out_tail" = 0 ] || cat "$run.out.tail"
    [ "$err_head" = 0 ] || cat "$run.err"
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
    uptime now
    case $standing in
        running) answer running; show ;;
        ended) answer ended "$escaped"; show ;;
        busy) say busy "mode=attached note=$busy" ;;
        interrupted) answer interrupted; show ;;
        *) say absent ;;
    esac
    exit 0
}

# -- the output ------------------------------------------------------------------------------------------

# Keep the stream on standard input as $1: the first 64 KiB by one dd (its `512+0 records in` is a sum of whole
# and part ones). Only what is longer, or came in more than 512 pieces, pays for a hash, a count and a tail.
keep() { # PIPE FILE
    command exec 6<>"$1.kept"
    LC_ALL=C dd bs=128 count=512 of="$1.head" 2<>"$1.count"
    full=$?
    size= records=
    # A dd that was cut off left no figures; those in the file are an older one's.
    [ "$full" -gt 1 ] || while read -r a b _; do
        case $b in records) : "${records:=$a}" ;; byte | bytes) size=$a; break ;; esac
    done <"$1.count"
    sha=-
    if [ "$full" = 0 ] && [ $(($records)) = 512 ] && mkfifo "$2.hashed" "$2.counted" "$2.facts"; then
        # The facts go through a pipe of our own, so that a full disk cannot swallow them.
        command exec 5<>"$2.facts"
        sha256sum <"$2.hashed" >&5 &
        wc -c <"$2.counted" >&5 &
        {
            cat "$1.head"
            exec cat
        } | tee "$2.hashed" "$2.counted" | { head -c 65536 >"$2"; tail -c 262144 >"$2.tail"; cat >/dev/null; }
        for fact in 1 2; do
            read -r a b <&5
            if [ -n "$b" ]; then sha=$a; else size=$a; fi
        done
        rm -f "$2.hashed" "$2.counted" "$2.facts"
    elif [ "$full" = 1 ]; then
        # The disk is full. A command must not die of our troubles, so count what cannot be kept.
        size=$(($(wc -c <"$1.head") + $(wc -c) + 1)) sha='?'
    fi
    : "${size:=$(wc -c <"$1.head")}"
    echo "kept $size $sha end" >&6
}

# End the reading of keeper $1, not the keeper: it writes down what it has.
cut() {
    for file in /proc/[0-9]*/stat; do
        read -r stat <"$file" || continue
        set -- "$1" ${stat##*) }
        case $3$stat in "$1"*'(dd) '* | "$1"*'(cat) '*) kill "${stat%% *}" ;; esac
    done
}

are_kept() { # both streams, as their keepers say; what is read while it is written is neither word
    read -r a out out_sha b <"$slot.out.kept"
    read -r c err err_sha d <"$slot.err.kept"
    [ "$a$b$c$d" = keptendkeptend ]
}

# The command ended: its streams end with it, unless a daemon holds them. That one gets two seconds.
finish_streams() {
    tries=0
    until are_kept; do
        tries=$((tries + 1))
        case $tries in
            [1-6]) (: ) ;; # a fork that ends: the cheapest way to let the keepers run
            [7-9]) sleep 0.003 ;;
            *) sleep 0.05 ;;
        esac
        if [ "$tries" = 50 ]; then
            held=1
            cut "$out_keeper"
            cut "$err_keeper"
        fi
        [ "$tries" -lt 90 ] || {
            out=$(wc -c <"$slot.out.head") out_sha='?'
            err=$(wc -c <"$slot.err.head") err_sha='?'
            break
        }
    done
    # The pipes' files are the next command's: what is small moves into the diary, what is not into files.
    if [ "$out_sha$err_sha" = -- ] && slurp "$slot.out.head" "$out" && out_text=$text && slurp "$slot.err.head" "$err"; then
        printf 'kept %s - %s - inline\n%s' "$out" "$err" "$out_text$text" >>"$run.state"
        inline=1
        return
    fi
    case $out_sha in [-?]) cp "$slot.out.head" "$run.out" ;; esac
    case $err_sha in [-?]) cp "$slot.err.head" "$run.err" ;; esac
    echo "kept $out $out_sha $err $err_sha" >>"$run.state"
}

# -- starting --------------------------------------------------------------------------------------------

prepare() { # the folders, once a day; then what is older than a week goes
    # The day's folder is made last, so whoever sees it, another shell that begins at the same time too, sees all.
    [ -d "$base/runs/$day" ] && [ -d "$base/locks" ] && [ -d "$base/slots" ] && return
    trouble=$({ mkdir -p "$base" && chmod 700 "$base" && mkdir -p "$base/locks" "$base/slots" "$base/runs/$day"; } 2>&1) ||
        refuse unusable "${trouble##*: }: $base"
    for old in "$base"/slots/*.own.*; do
        if read -r word <"$old" && [ "$word" = rest ] && [ ! -e "/proc/${old##*.}" ]; then rm -f "$old"; fi
    done
    for old in "$base"/runs/[0-9]*; do
        if [ "${old##*/}" -lt "$oldest" ]; then rm -rf "$old" & fi
    done
}

is_writable() { # else the system's own words are in `trouble`
    trouble=$({ head -c 4096 /dev/zero >"$base/runs/probe.$$"; } 2>&1)
    rm -f "$base/runs/probe.$$"
    [ -z "$trouble" ] && return
    trouble="${trouble##*: }: $base"
    return 1
}

# Read what came by standard input: secrets (never stored) and the script. Half of it counts as nothing.
receive() {
    if [ "$secret_bytes" -gt 0 ]; then
        secrets=$(head -c "$secret_bytes")
        case $secrets in *'#complete') ;; *) refuse torn ;; esac
        assignments="$assignments ${secrets%#complete}"
    fi
    [ "$script_bytes" = - ] && return
    head -c "$script_bytes" >"$run.script.$$"
    [ "$(wc -c <"$run.script.$$")" -eq "$script_bytes" ] || {
        rm -f "$run.script.$$"
        is_writable || refuse unusable "$trouble"
        refuse torn
    }
    chmod 700 "$run.script.$$"
}

claim() {
    uptime claimed
    until=$((${claimed%.*} + patience + deadline + grace + 10))
    set -C
    runner_tick=$own_tick
    if ! printf '' >"$run.state"; then
        set +C
        [ -e "$run.state" ] && return 1
        is_writable
        refuse unusable "${trouble:-a file cannot be made in $base}"
    fi
    set +C
    printf 'claimed %s %s %s %s %s\n' $$ "$runner_tick" "$boot" "$claimed" "$until" >>"$run.state" || {
        rm -f "$run.state"
        is_writable
        refuse unusable "${trouble:-a file cannot be written in $base}"
    }
    runner_boot=$boot
}

# The job's lock and one of the host's slots, both under one mutex of the kernel: a program costs more than all
# the reading here. Each is a file with one line, overwritten in place: `free`, `used RUN`, `lent TICK PID` for a
# slot that an idle shell would have again, or `torn` for one whose pipes a daemon may still hold.
take() {
    retake && return
    busy="the mutex of $base cannot be had"
    locked grab
}

locked() { # COMMAND: under the mutex
    command exec 8>>"$base/mutex" || return 1
    flock -w 10 8 && "$@"
    taken=$?
    exec 8>&-
    return $taken
}

# The slot that this shell had last, without the mutex, whose program costs more than all else here. We write that we
# use it, into a file of our own, then look whether it is still lent to us; whoever takes it away writes that first,
# too, and looks into our file then. So at least one of the two sees the other and leaves it.
retake() {
    [ "$lock" = - ] && [ "${lent_slot%/*}" = "$base/slots" ] && [ "${lent_slot##*/}" -le "$slots" ] || return
    line= slot=$lent_slot found=lent
    echo "used ${run#"$base/runs/"}" 1<>"$slot.own.$$" || return
    read -r line <"$slot"
    [ "$line" = "lent $own_tick $$" ] && return
    echo rest 1<>"$slot.own.$$"
    lent_slot=
    return 1
}

grab() {
    if [ "$lock" != - ] && is_held "$base/locks/$lock"; then
        busy="the lock $lock is held by $holder"
        return 1
    fi
    slot=1
    until take_slot "$base/slots/$slot"; do
        slot=$((slot + 1))
        [ "$slot" -le "$slots" ] && continue
        busy="all $slots command slots of this host are taken"
        return 1
    done
    # Its line says `used` now, also when it was lent to ourselves: it has to be given back like any other.
    slot=$base/slots/$slot lent_slot=
    [ "$lock" = - ] || echo "used ${run#"$base/runs/"}" 1<>"$base/locks/$lock"
}

# The name of the shell that it was lent to stays in the line, for whoever finds it should we end here.
take_slot() {
    is_held "$1" && return 1
    found=$word before="$word $holder $lender"
    echo "used ${run#"$base/runs/"} $lender" 1<>"$1"
    [ -n "$lender" ] || return 0
    if is_held "$1.own.$lender"; then
        echo "$before" 1<>"$1"
        return 1
    fi
    [ "$word" = rest ] || found=used
}

# By a run whose shell lives, or whose command outlived its shell?
is_held() {
    word= holder= lender=
    read -r word holder lender <"$1"
    [ "$word" = used ] || return
    (
        run=$base/runs/$holder key=${holder%~2}
        load
        [ "$runner_boot" = "$boot" ] || exit 1
        alive "$runner" "$runner_tick" && exit 0
        members
        [ -n "$members" ]
    )
}

give_back() {
    if [ "$slot" = "$lent_slot" ]; then
        if [ -n "$held" ]; then locked echo torn 1<>"$slot"; fi
        echo rest 1<>"$slot.own.$$"
    elif [ -n "$held" ]; then
        echo torn 1<>"$slot"
    elif [ "$verb$lock" = run- ] && echo rest 1<>"$slot.own.$$"; then
        lent_slot=$slot
        echo "lent $own_tick $$" 1<>"$slot"
    else
        echo free 1<>"$slot"
    fi
    [ "$lock" = - ] || echo free 1<>"$base/locks/$lock"
}

take_patiently() {
    begun=$claimed
    hundredths "$claimed"
    last=$((REPLY + patience * 100))
    until [ ! -e "$first.killed" ] && take; do
        uptime begun
        hundredths "$begun"
        if [ -e "$first.killed" ]; then busy='killed before its turn: the host does not start it'; fi
        if [ -e "$first.killed" ] || [ "$REPLY" -ge "$last" ]; then
            echo "busy $busy" >>"$run.state"
            mode=turned-away
            say busy "mode=started note=$busy"
            return 1
        fi
        sleep 0.2
        uptime begun
    done
    busy=
}

# A slot that was not given back `free` or `lent` may have a writer left on its pipes: those are replaced, not shared.
make_pipes() {
    case $found in free | lent) ;; *) false ;; esac && [ -p "$slot.out" ] && [ -p "$slot.err" ] || {
        rm -f "$slot.out" "$slot.err" "$slot.out.kept" "$slot.err.kept"
        mkfifo "$slot.out" "$slot.err"
    }
    # Written now and overwritten in place later, which needs no space on a disk that filled in between.
    echo 'pending           ' 1<>"$slot.out.kept" && echo 'pending           ' 1<>"$slot.err.kept" && return
    give_back
    rm -f "$run.state"
    is_writable
    refuse unusable "${trouble:-a file cannot be written in $base}"
}

start() {
    if [ "$script_bytes" != - ]; then
        mv "$run.script.$$" "$run.script"
        set -- "$run.script" "$@"
    fi
    take_patiently || return
    make_pipes
    keep "$slot.out" "$run.out" <"$slot.out" >/dev/null &
    out_keeper=$!
    keep "$slot.err" "$run.err" <"$slot.err" >/dev/null &
    err_keeper=$!
    timeout=/usr/bin/timeout
    [ -x $timeout ] || timeout=timeout
    echo "started $begun" >>"$run.state"
    # A subshell, because dash tells of a death by signal on the standard error that the command had. The
    # assignments are the caller's, quoted by it.
    (eval "WATCHBILL_STEP=\$key $assignments exec \$timeout -k \$grace \$deadline \"\$@\"") \
        </dev/null >"$slot.out" 2>"$slot.err"
    code=$?
    uptime ended
    hundredths "$begun"
    took=$REPLY
    hundredths "$ended"
    took=$((REPLY - took))
    settle
    echo "exit $code $how $ended $escaped" >>"$run.state"
    # What took a second is worth an fsync. What did not, and was lost with the host's power, is as unknown as if
    # the power had gone a second sooner.
    [ "$took" -lt 100 ] || sync "$run.state"
    finish_streams
    give_back
    now=$ended
    answer ended "$escaped"
    if [ -n "$inline" ]; then printf %s "$out_text$text"; else show; fi
}

# Which end was it: its own, our deadline's, or a kill's? A command may itself return 124.
settle() {
    how=exit escaped=
    [ -e "$first.signalled" ] && how=killed
    case $code in 124 | 137) ;; *) return ;; esac
    [ "$how" = exit ] && [ $took -ge $((deadline * 100)) ] || return
    how=deadline
    members
    [ -z "$members" ] && return
    outsiders
    named $outside
    escaped=$REPLY
    kill -KILL $members
}

# -- the verbs -------------------------------------------------------------------------------------------

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

# What ended by itself, or never got its turn, is only told. All else is ended and looked for, also what a kill or
# its deadline ended before: something of it may have survived that.
do_kill() {
    prepare
    trouble=$({ printf '' >"$first.killed"; } 2>&1)
    second_life
    standing
    case $standing$how in endedexit | busy*) follow now ;; esac
    sent= names= quiet=0 tries=0 looks=0
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
            [ -n "$sent" ] || { sent=TERM; printf '' >"$first.signalled"; }
            [ $tries -lt $((grace * 10)) ] || sent=TERM,KILL
            # Twice at most with TERM: a handler that was running must not be started over and over.
            case $sent$looks in TERM0 | TERM5 | *KILL*) kill -${sent#*,} $members ;; esac
            looks=$((looks + 1))
        elif [ -n "$code$busy" ] || ! alive "$runner" "$runner_tick"; then
            quiet=$((quiet + 1))
        fi
        [ $quiet = 2 ] && break
        tries=$((tries + 1))
        [ $tries -lt $((grace * 10 + 50)) ] || break
        sleep 0.1
    done
    [ -z "$sent" ] && [ ! -e "$first.killed" ] && refuse unusable "${trouble##*: }: $base"
    survivors=
    [ -z "$members" ] || { named $members; survivors=$REPLY; }
    uptime now
    say killed "claimed=$claimed code=$code how=$how signals=$sent gone=$quiet begun=$begun ended=$ended now=$now \
note=$survivors|$names"
}

do_probe() {
    for tool in cat chmod dd flock grep head mkdir mkfifo mv rm sha256sum sleep sync tail tee timeout wc; do
        command -v $tool >/dev/null || missing="$missing $tool"
    done
    [ -z "$missing" ] || refuse unusable "not installed:$missing"
    prepare
    is_writable || refuse unusable "$trouble"
    say probed "note=$1"
}

do_request() {
    verb=$1 tag=$2 base=$3 key=$4 deadline=$5 grace=$6 lock=$7 patience=$8 slots=$9
    shift 9
    repeat=$1 secret_bytes=$2 script_bytes=$3 oldest=$4 assignments=$5
    shift 5
    case $base in /*) ;; *) base=$PWD/$base ;; esac
    day=${key%%/*}
    first=$base/runs/$key run=$first generation=1 mode=started busy= held= inline= code= how= begun= ended=
    out= err= out_sha= err_sha=
    case $verb in
        run) do_run "$@" ;;
        collect) second_life; follow wait ;;
        look) second_life; follow now ;;
        kill) do_kill ;;
        probe) do_probe "$@" ;;
        stream) do_stream "$@" ;; # stream.sh has it
    esac
}

# A request that started a command and saw its end leaves the shell as it found it, so it may have another one.
# An empty line only asks whether somebody is here.
while IFS= read -r request; do
    [ -n "$request" ] || { echo; continue; }
    eval "do_request $request"
    [ "$verb$mode" = runstarted ] || exit 0
    assignments=
done
