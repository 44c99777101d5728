#!/bin/sh
# A Chromium for tests/browser: one that is there, else Debian's, else the one Playwright fetches.
set -eu
for name in "${SELFHEAL_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        echo "browser: $(command -v "$name")"
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Debian's chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
    command -v chromium
    exit 0
fi
echo "installing Playwright's chromium"
"${1:-.venv/bin/python}" -m playwright install --with-deps chromium
