#!/bin/sh
# Packs the application log away and keeps the newest files: rotate-logs.sh --keep NUMBER
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

[ "$1" = --keep ] || { echo "usage: rotate-logs.sh --keep NUMBER" >&2; exit 2; }
keep=$2
mkdir -p logs
# The lab's applications write no log of their own.
seq 1 2000 | awk '{ print "request", $1, "200" }' >> logs/app.log

packed="logs/app.$(date +%Y%m%dT%H%M%S).gz"
gzip -c logs/app.log > "$packed"
: > logs/app.log
echo "packed $packed, $(wc -c < "$packed") bytes"
find logs -name 'app.*.gz' | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
    rm "$old"
    echo "removed $old"
done
