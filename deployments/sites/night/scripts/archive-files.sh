#!/bin/sh
# Packs yesterday's files and checks the archive by reading it.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

mkdir -p files archive
for number in 1 2 3 4 5; do
    seq 1 300 > "files/report-$number.txt"
done
archive="archive/files-$(date +%Y-%m-%d).tar.gz"
find files -type f | sort | tar -czf "$archive" -T -
count=$(tar -tzf "$archive" | wc -l)
echo "archived $count files in $archive"
