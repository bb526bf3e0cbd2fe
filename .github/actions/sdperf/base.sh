#!/usr/bin/env bash
# Find the base, the revision to judge by, and write it to the step's outputs; empty if there is none.
set -euo pipefail

is_here() { git rev-parse --verify --quiet --end-of-options "$1^{commit}" >/dev/null; }

base=${SDPERF_BASE:-}
if [ -n "$base" ]; then
    :
elif [ -n "${SDPERF_BASE_OF_PULL_REQUEST:-}" ]; then
    # GitHub checks a merge commit out. Its first parent is the commit that the change is merged into. The event's own
    # base may be older, and then changes that others have merged since would be attributed to this one.
    base=$SDPERF_BASE_OF_PULL_REQUEST
    if is_here "HEAD^2" && [ "$(git rev-parse HEAD)" = "${GITHUB_SHA:-}" ]; then base=$(git rev-parse "HEAD^1"); fi
elif [ -n "${SDPERF_BEFORE_PUSH:-}" ]; then
    base=$SDPERF_BEFORE_PUSH
    # A new branch has no previous commit, and that of a forced push is not part of the branch.
    if ! is_here "$base" || ! git merge-base --is-ancestor "$base" HEAD; then
        base=""
        if is_here "HEAD^1"; then base=$(git rev-parse "HEAD^1"); fi
    fi
fi

if [ -n "$base" ] && ! is_here "$base"; then
    echo "::error title=sdperf::The base $base is not in this clone. Give actions/checkout the input fetch-depth: 2, or 0."
    exit 1
fi
echo "judged by: ${base:-the checkout itself}"
echo "base=$base" >>"$GITHUB_OUTPUT"
