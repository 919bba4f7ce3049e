#!/bin/sh
# Dumps the shop's data and its checksum.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

mkdir -p shop dump
seq 1 5000 | awk '{ print $1, "order", $1 * 17 % 4999 }' > shop/orders
seq 1 800 | awk '{ print $1, "customer" }' > shop/customers
tar -cf - shop | gzip > dump/shop.tar.gz.new
mv dump/shop.tar.gz.new dump/shop.tar.gz
(cd dump && sha256sum shop.tar.gz > shop.sha256)
echo "dumped $(wc -c < dump/shop.tar.gz) bytes"
