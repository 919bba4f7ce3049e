#!/bin/sh
# Hangs, and does not listen to a friendly request to end: neither it nor its child.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

trap '' TERM INT HUP
echo "asking the suppliers' server"
(trap '' TERM INT HUP; while :; do sleep 1; done) &
while :; do
    sleep 1
done
