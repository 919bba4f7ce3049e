#!/bin/sh
# Exports payroll bookings. It prints its connection with the password, as careless tools do.
set -eu

# The hosts of the lab share one machine: each works in its own folder.
here="${WATCHBILL_LAB_DIRECTORY:-$HOME}/night/${WATCHBILL_LAB_HOST:-here}"
mkdir -p "$here"
cd "$here"

: "${PAYROLL_PASSWORD:?is not set}"
echo "connecting as payroll:${PAYROLL_PASSWORD}@db2"
mkdir -p payroll
seq 1 120 | awk '{ printf "%04d;%d.00\n", $1, 2100 + $1 * 13 % 1900 }' > payroll/bookings.csv
echo "exported $(wc -l < payroll/bookings.csv) bookings"
