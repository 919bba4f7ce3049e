#!/bin/sh
# Reads the copy of the dump back: its checksum, and that it unpacks to what is in the shop.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

cd second
sha256sum -c shop.sha256
rm -rf unpacked
mkdir unpacked
gzip -dc shop.tar.gz | tar -xf - -C unpacked
[ "$(wc -l < unpacked/shop/orders)" -eq 5000 ] || { echo "the copy has too few orders" >&2; exit 1; }
rm -rf unpacked
echo "the copy is complete"
