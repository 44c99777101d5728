#!/bin/sh
# Print the path of a working interpreter of one minor version (3.12); exit with 1 when this machine has none.
# A name on PATH is not enough: the shim of a version manager may stand for an interpreter that is not active, but then
# the interpreter itself lies beside it, in ../versions.
set -u
version="$1"
named="$(command -v "python$version" 2>/dev/null)" || exit 1

for candidate in "$named" "$(dirname "$(dirname "$named")")"/versions/*/bin/"python$version"; do
    found="$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null)" || continue
    if [ "${found%% *}" = "$version" ]; then
        echo "${found#* }"
        exit 0
    fi
done
exit 1
