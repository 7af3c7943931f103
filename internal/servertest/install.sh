#!/usr/bin/env bash
# Installs what the whole test suite needs and Go does not bring: redis-server, mariadb-server, nginx, Prometheus with
# promtool, and a C compiler for the race detector. Does nothing where they are there already, and no service is
# started. For Debian and its kin; elsewhere it says what is missing.
set -euo pipefail

has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

missing=()
has redis-server || missing+=(redis-server)
has mariadbd && has mariadb-install-db || missing+=(mariadb-server)
has nginx || missing+=(nginx)
has prometheus && has promtool || missing+=(prometheus)
echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1 || missing+=(gcc libc6-dev)
[ ${#missing[@]} -eq 0 ] && exit 0

echo "missing: ${missing[*]}" >&2
command -v apt-get >/dev/null || { echo "no apt-get here: install them by hand, or use make test-quick" >&2; exit 1; }
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive

# Packages start their services when they are installed, unless this file says no. Where the machine has one, it stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${as_root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
