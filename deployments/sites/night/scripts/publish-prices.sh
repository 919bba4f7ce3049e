#!/bin/sh
# Publishes the price list. On web3 and app2 the list comes late: the first attempt of a run fails there.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

mkdir -p prices
case "${WATCHBILL_LAB_HOST:-}" in
web3 | app2)
    # The marker tells the attempts of one run apart.
    late="prices/late-${WATCHBILL_RUN:-by-hand}"
    if [ ! -e "$late" ]; then
        touch "$late"
        echo "the price list is still being written" >&2
        exit 3
    fi
    rm "$late"
    ;;
esac
seq 1 500 | awk '{ printf "article-%04d %d.%02d\n", $1, $1 % 90 + 1, $1 % 100 }' > prices/new
sort -o prices/new prices/new
mv prices/new prices/list
echo "published $(wc -l < prices/list) prices, $(sha256sum prices/list | cut -c 1-12)"
