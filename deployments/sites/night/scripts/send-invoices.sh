#!/bin/sh
# Sends each invoice once: what was sent is noted before the next one.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

mkdir -p invoices
touch invoices/sent
today=$(date +%Y-%m-%d)
sent=0
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    invoice="$today-$number"
    if ! grep -qx "$invoice" invoices/sent; then
        echo "$invoice" >> invoices/sent
        sent=$((sent + 1))
    fi
done
echo "sent $sent invoices"
