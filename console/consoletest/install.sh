#!/usr/bin/env bash
# Installs the browser that the console is looked at in, and letters for its Chinese, from Debian's packages: 81 MB to fetch.
# Does nothing where both are there already. Ends with an error where they cannot be had: a test in no browser is no test.
set -euo pipefail

has_browser() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
has_letters() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh)" ]; }

missing=()
has_browser || missing+=(chromium)
has_letters || missing+=(fontconfig fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0

echo "missing: ${missing[*]}" >&2
command -v apt-get >/dev/null || { echo "no apt-get here: install them by hand" >&2; exit 1; }
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive

# A mirror that stumbles once is no reason to fail: each file is asked for again, and the whole three times.
apt() { "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 "$@"; }
for try in 1 2 3; do
	if apt update && apt -y --no-install-recommends install "${missing[@]}" >/dev/null; then
		break
	fi
	echo "try $try of 3 failed" >&2
	[ "$try" -lt 3 ] || exit 1
	sleep $((try * 10))
done
has_browser && has_letters || { echo "installed, and still not there: ${missing[*]}" >&2; exit 1; }
