#!/bin/sh
# Ends what still runs of the shop's front, starts it anew and waits until it answers.
set -eu
folder=${SHOP_FRONT:-$HOME/shop-front} port=${SHOP_FRONT_PORT:-8080}
mkdir -p "$folder/pages"
echo "Welcome to Nordlicht" >"$folder/pages/index.html"
if [ -f "$folder/pid" ]; then kill "$(cat "$folder/pid")" 2>/dev/null || true; fi
# It is to live on when this command has ended, so it must not carry its mark.
env -u WATCHBILL_STEP setsid python3 -m http.server "$port" --bind 127.0.0.1 --directory "$folder/pages" \
    </dev/null >"$folder/log" 2>&1 &
echo $! >"$folder/pid"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    sleep 0.2
    if python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/', timeout=2)" 2>/dev/null; then
        echo "the shop's front answers at port $port"
        exit 0
    fi
done
echo "the shop's front does not answer at port $port; its log:" >&2
tail -n 5 "$folder/log" >&2
exit 1
