#!/bin/sh
# Fails when the root file system is fuller than $1 percent.
set -eu
limit=$1
used=$(df -P / | awk 'NR == 2 { sub("%", "", $5); print $5 }')
echo "disk used: ${used}% (limit ${limit}%)"
if [ "$used" -gt "$limit" ]; then
    echo "the disk is fuller than ${limit}%" >&2
    exit 1
fi
