#!/bin/sh
# Exports payroll bookings. It prints its connection with the password, as careless tools do.
set -eu

# Each host of the lab has a home of its own.
mkdir -p "$HOME/night"
cd "$HOME/night"

: "${PAYROLL_PASSWORD:?is not set}"
echo "connecting as payroll:${PAYROLL_PASSWORD}@db2"
mkdir -p payroll
seq 1 120 | awk '{ printf "%04d;%d.00\n", $1, 2100 + $1 * 13 % 1900 }' > payroll/bookings.csv
echo "exported $(wc -l < payroll/bookings.csv) bookings"
