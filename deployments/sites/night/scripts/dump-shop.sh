#!/bin/sh
# Dumps the shop's data and its checksum.
set -eu

# The hosts of the lab share one machine: each works in its own folder.
here="${WATCHBILL_LAB_DIRECTORY:-$HOME}/night/${WATCHBILL_LAB_HOST:-here}"
mkdir -p "$here"
cd "$here"

mkdir -p shop dump
seq 1 5000 | awk '{ print $1, "order", $1 * 17 % 4999 }' > shop/orders
seq 1 800 | awk '{ print $1, "customer" }' > shop/customers
tar -cf - shop | gzip > dump/shop.tar.gz.new
mv dump/shop.tar.gz.new dump/shop.tar.gz
(cd dump && sha256sum shop.tar.gz > shop.sha256)
echo "dumped $(wc -c < dump/shop.tar.gz) bytes"
