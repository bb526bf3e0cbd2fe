#!/usr/bin/env bash
# Write the cache's absolute folder and the first part of its key to the step's outputs.
set -euo pipefail

# The shell does not expand a tilde inside a variable.
folder=${SDPERF_CACHE/#\~\//$HOME/}
# tox and similar tools install the plugin elsewhere. Then the files in the key name its version.
version=$(python3 -c 'from importlib.metadata import version; print(version("pytest-sdperf"))' 2>/dev/null || echo elsewhere)
echo "folder=$folder" >>"$GITHUB_OUTPUT"
echo "key=sdperf-${RUNNER_OS:-any}-${RUNNER_ARCH:-any}-$version" >>"$GITHUB_OUTPUT"
