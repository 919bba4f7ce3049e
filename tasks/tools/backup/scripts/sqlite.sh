# Copy a SQLite file while it is used. Arguments: its path, and the name of the copy.
path=$1 name=$2 repair="restore it, or let sqlite3 .recover save what it can"
[ -e "$path" ] || die "$missing" "it is not there; correct the plan, or mount what belongs there"
[ -f "$path" ] || die "$unreadable" "it is no file; correct the plan"
[ -r "$path" ] || die "$unreadable" "permission denied; let the account read it"
[ -s "$path" ] || die "$empty" "the file is empty; look at what writes it"
explain() {
    said=$(last_words)
    case $said in
    *malformed*) die "$unreadable" "it is damaged: $said; $repair" ;;
    *'not a database'* | *'unable to open'* | *readonly*)
        die "$unreadable" "$said; look at the file and at the rights of its folder" ;;
    *'is full'* | *'No space left'*) die "$failed" "$base is full: $said; make room there" ;;
    *) die "$failed" "$said; look at what holds it" ;;
    esac
}
by_sqlite() {
    # One transaction around it: the copy is of one moment, and a busy writer cannot make it begin anew for ever.
    sqlite3 -batch -bail -init /dev/null -readonly "$path" >/dev/null 2>"$work/said" <<'END' || return
.timeout 60000
begin;
select count(*) from sqlite_master;
.backup main ../copy
rollback;
END
    [ ! -s "$work/said" ] && [ -s ../copy ] || return
    sqlite3 -batch -init /dev/null 'file:../copy?immutable=1' \
        'pragma integrity_check(3); select count(*) from sqlite_master;' >"$work/found" 2>"$work/said"
}
by_python() {
    python3 -I - "$path" 2>"$work/said" >"$work/found" <<'END'
import sqlite3, sys, urllib.parse

source = sqlite3.connect(f"file:{urllib.parse.quote(sys.argv[1])}?mode=ro", uri=True, timeout=60)
copy = sqlite3.connect("../copy")
try:
    source.backup(copy)
    copy.close()
    copy = sqlite3.connect("file:../copy?immutable=1", uri=True)
    for (line,) in copy.execute("pragma integrity_check(3)"):
        print(line)
    print(copy.execute("select count(*) from sqlite_master").fetchone()[0])
except sqlite3.Error as error:
    sys.exit(str(error))
END
}
if command -v sqlite3 >/dev/null; then
    by_sqlite || explain
elif command -v python3 >/dev/null; then
    by_python || explain
else
    die "$not_installed" "neither sqlite3 nor python3 is there; install one of them (Debian: sqlite3)"
fi
[ "$(sed -n 1p "$work/found")" = ok ] ||
    die "$unreadable" "it is damaged: $(head -n 1 "$work/found"); $repair"
[ "$(tail -n 1 "$work/found")" -gt 0 ] || die "$empty" "it has no table; look at what writes it"
mv -- ../copy "./$name" || die "$failed" "the copy could not take its name"
send "$name"
