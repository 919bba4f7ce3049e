#!/bin/sh
# Reads the copy of the dump back: its checksum, and that it unpacks to what is in the shop.
set -eu

# The hosts of the lab share one machine: each works in its own folder.
here="${WATCHBILL_LAB_DIRECTORY:-$HOME}/night/${WATCHBILL_LAB_HOST:-here}"
mkdir -p "$here"
cd "$here"

cd second
sha256sum -c shop.sha256
rm -rf unpacked
mkdir unpacked
gzip -dc shop.tar.gz | tar -xf - -C unpacked
[ "$(wc -l < unpacked/shop/orders)" -eq 5000 ] || { echo "the copy has too few orders" >&2; exit 1; }
rm -rf unpacked
echo "the copy is complete"
