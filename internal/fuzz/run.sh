#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (60s), FUZZJOBS (2) of them at a time with one worker each. The targets
# are found, not listed: a new one is run because it is there. Arguments narrow them down to packages, such as ./gateway/.
# An input that fails is written to the package's testdata/fuzz, where every later go test tries it too.
#
# Only our own packages are instrumented for coverage, which go test -fuzz does with everything: that would compile the
# world anew to find inputs that are new to the standard library.
set -euo pipefail
cd "$(dirname "$0")/../.."

binaries=$(mktemp -d)
trap 'rm -rf "$binaries"' EXIT
corpus=$(go env GOCACHE)/fuzz # where go test -fuzz keeps it as well

# one runs a single target in its package's folder, and says little unless it fails.
one() {
	local dir=$1 package=$2 target=$3 binary=$4 out
	cd "$dir"
	if out=$("$binary" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$FUZZTIME" -test.fuzzminimizetime 2s \
		-test.parallel 1 -test.fuzzcachedir "$FUZZCORPUS/$package" 2>&1); then
		echo "ok    $package $target ($(grep -o 'execs: [0-9]*' <<<"$out" | tail -n 1))"
		return
	fi
	# Up to Go 1.26 a target may end with its own deadline for an error, and nothing found (golang/go#75804).
	if grep -A 1 '^--- FAIL: ' <<<"$out" | tail -n 1 | grep -qx ' *context deadline exceeded' && ! grep -q 'Failing input written' <<<"$out"; then
		echo "ok    $package $target (ended by its deadline)"
		return
	fi
	echo "FAIL  $package $target"
	echo "$out"
	return 1
}
export -f one
export FUZZTIME=${FUZZTIME:-60s} FUZZCORPUS=$corpus

targets=$binaries/targets
while read -r dir package; do
	names=$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(f \*testing\.F).*/\1/p' "$dir"/*_test.go 2>/dev/null || true)
	[ -n "$names" ] || continue
	binary=$binaries/${package//\//_}
	go test -c -gcflags='snowgate/...=-d=libfuzzer' -o "$binary" "$package"
	for name in $names; do echo "$dir $package $name $binary"; done
done < <(go list -f '{{.Dir}} {{.ImportPath}}' "${@:-./...}") >"$targets"

echo "$(wc -l <"$targets") fuzz targets, $FUZZTIME each"
xargs -P "${FUZZJOBS:-2}" -L 1 bash -c 'one "$@"' one <"$targets"
