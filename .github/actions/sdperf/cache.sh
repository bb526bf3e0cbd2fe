#!/usr/bin/env bash
# Write the cache's folder, in full, and the first part of its key to the step's outputs.
set -euo pipefail

# A tilde in a variable is not expanded by itself.
folder=${SDPERF_CACHE/#\~\//$HOME/}
# tox and the like install the plugin elsewhere; then the files that the key also rests on name its version.
version=$(python3 -c 'from importlib.metadata import version; print(version("pytest-sdperf"))' 2>/dev/null || echo elsewhere)
echo "folder=$folder" >>"$GITHUB_OUTPUT"
echo "key=sdperf-${RUNNER_OS:-any}-${RUNNER_ARCH:-any}-$version" >>"$GITHUB_OUTPUT"
