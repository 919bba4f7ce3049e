# Dump one database. Arguments: connection (with the database in it), database, yes or no for the server's roles.
connection=$1 database=$2 with_globals=$3
install="install the PostgreSQL client there (Debian: postgresql-client)"
command -v psql >/dev/null || die "$not_installed" "psql is not there; $install"
ask() {
    psql --no-psqlrc --no-password --quiet --tuples-only --no-align --dbname="$connection" --command="$1" \
        2>"$work/said"
}
explain() {
    code=$?
    said=$(last_words)
    [ -n "$said" ] || said="nothing was said, it ended with $code"
    case $said in
    *'No space left'*) die "$failed" "$base is full: $said; make room there" ;;
    *'database "'*'" does not exist'*) die "$missing" "$said; correct the plan's database" ;;
    *'version mismatch'*) die "$wrong_version" "$said; $install of the server's version" ;;
    *'authentication failed'* | *'no password supplied'* | *'no pg_hba.conf entry'* | *'role "'*'" does not exist'*)
        die "$unreadable" "the server does not let us in: $said; correct the account, its password or pg_hba.conf" ;;
    *'permission denied'*) die "$unreadable" "$1: $said; give the account the right to read it" ;;
    *) die "$failed" "$1: $said; look at the server" ;;
    esac
}
version_of() {
    "$1" --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9][0-9]*\).*/\1/p'
}
server=$(ask 'show server_version_num') || explain "the server could not be asked"
case $server in '' | *[!0-9]*) die "$failed" "the server told no version: $server" ;; esac
major=$((server / 10000)) dump='' seen=''
for candidate in "$(command -v pg_dump)" /usr/lib/postgresql/*/bin/pg_dump /usr/pgsql-*/bin/pg_dump; do
    [ -x "$candidate" ] || continue
    version=$(version_of "$candidate")
    [ -n "$version" ] || die "$wrong_version" "$candidate tells no version, so it is no pg_dump; $install"
    seen="$seen, $candidate is of $version"
    if [ "$version" -ge "$major" ]; then
        dump=$candidate
        break
    fi
done
[ -n "$seen" ] || die "$not_installed" "pg_dump is not there; $install"
[ -n "$dump" ] || die "$wrong_version" "the server is PostgreSQL $major$seen; install postgresql-client-$major there"
tool() {
    if [ -x "${dump%/*}/$1" ]; then echo "${dump%/*}/$1"; else command -v "$1"; fi
}

theirs="from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')"
tables=$(ask "select count(*) $theirs") || explain "its tables could not be counted"
needed=$(ask "select coalesce(sum(pg_table_size(c.oid)), 0)::bigint / 1024 $theirs") || explain "its size is not known"
free=$(df -Pk "$work" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$needed" ] || die "$failed" "the dump may need $needed KiB in $base, and $free are free; make room there"
[ "$tables" -gt 0 ] || die "$empty" "$database has no table; correct the plan's database, or restore what it had"

# Not compressed: the repository does that better, and finds again what did not change.
"$dump" --format=custom --compress=0 --no-password --file=database.dump --dbname="$connection" 2>"$work/said" ||
    explain "pg_dump failed"
[ -s database.dump ] || die "$empty" "$dump ended well and wrote nothing; $install of version $major or newer"
"$(tool pg_restore)" --list database.dump >contents.txt 2>"$work/said" ||
    die "$unreadable" "$dump wrote what pg_restore cannot read: $(last_words); $install of version $major or newer"
dumped=$(awk '$4 == "TABLE" && $5 != "DATA"' contents.txt | wc -l)
[ "$dumped" -gt 0 ] || die "$empty" "the database has $tables tables and the dump none; $install of version $major"
if [ "$with_globals" = yes ]; then
    "$(tool pg_dumpall)" --globals-only --no-password --dbname="$connection" --database="$database" \
        --file=globals.sql 2>"$work/said" || explain "the roles could not be read (or the plan does without: globals: false)"
    [ -s globals.sql ] || die "$empty" "pg_dumpall ended well and wrote no roles; $install of version $major or newer"
fi
encoding=$(ask 'show server_encoding') || explain "the encoding is not known"
printf 'server %s\npg_dump %s\nencoding %s\ntables %s\n' "$server" "$version" "$encoding" "$((dumped))" \
    >server-version.txt
send *
