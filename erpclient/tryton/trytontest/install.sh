#!/usr/bin/env bash
# Installs the real Tryton 6.0 that the driver's tests start, from Debian 12's packages: 5 MB to fetch, 35 MB on disk.
# Does nothing where it is there already, and no service is started. Elsewhere it says what is missing.
set -euo pipefail

packages=(tryton-server tryton-proteus tryton-modules-sale tryton-modules-purchase tryton-modules-stock
	tryton-modules-production tryton-modules-sale-supply-production)
/usr/bin/python3 -c 'import proteus, trytond.modules.sale_supply_production' 2>/dev/null && [ -x /usr/bin/trytond ] && exit 0

echo "missing: ${packages[*]}" >&2
command -v apt-get >/dev/null || { echo "no apt-get here: install Tryton 6.0 by hand" >&2; exit 1; }
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
"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update
"${as_root[@]}" apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "${packages[@]}" >/dev/null
