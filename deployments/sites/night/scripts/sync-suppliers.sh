#!/bin/sh
# Hangs, and does not listen to a friendly request to end: neither it nor its child.
set -eu

# The hosts of the lab share one machine: each works in its own folder.
here="${WATCHBILL_LAB_DIRECTORY:-$HOME}/night/${WATCHBILL_LAB_HOST:-here}"
mkdir -p "$here"
cd "$here"

trap '' TERM INT HUP
echo "asking the suppliers' server"
(trap '' TERM INT HUP; while :; do sleep 1; done) &
while :; do
    sleep 1
done
