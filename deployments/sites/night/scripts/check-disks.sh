#!/bin/sh
# Fails when the disk of this host is fuller than $1 percent.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

limit=$1
used=$(df -P . | awk 'NR == 2 { sub("%", "", $5); print $5 }')
echo "disk used: ${used}% (limit ${limit}%)"
if [ "$used" -gt "$limit" ]; then
    echo "the disk is fuller than ${limit}%" >&2
    exit 1
fi
