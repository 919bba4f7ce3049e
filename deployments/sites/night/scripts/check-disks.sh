#!/bin/sh
# Fails when the disk of this host is fuller than $1 percent.
set -eu

# The hosts of the lab share one machine: each works in its own folder.
here="${WATCHBILL_LAB_DIRECTORY:-$HOME}/night/${WATCHBILL_LAB_HOST:-here}"
mkdir -p "$here"
cd "$here"

limit=$1
used=$(df -P . | awk 'NR == 2 { sub("%", "", $5); print $5 }')
echo "disk used: ${used}% (limit ${limit}%)"
if [ "$used" -gt "$limit" ]; then
    echo "the disk is fuller than ${limit}%" >&2
    exit 1
fi
