#!/usr/bin/env bash
# Find the revision to judge by and write it to the step's outputs; empty where there is none.
set -euo pipefail

is_here() { git rev-parse --verify --quiet --end-of-options "$1^{commit}" >/dev/null; }

base=${SDPERF_BASE:-}
if [ -n "$base" ]; then
    :
elif [ -n "${SDPERF_BASE_OF_PULL_REQUEST:-}" ]; then
    # GitHub checks a merge commit out. Its first parent is what the change is merged into; the event's own base may be
    # older, and changes that others have merged since would count as this one's.
    base=$SDPERF_BASE_OF_PULL_REQUEST
    if is_here "HEAD^2" && [ "$(git rev-parse HEAD)" = "${GITHUB_SHA:-}" ]; then base=$(git rev-parse "HEAD^1"); fi
elif [ -n "${SDPERF_BEFORE_PUSH:-}" ]; then
    base=$SDPERF_BEFORE_PUSH
    # A new branch has nothing before it, and a forced push what is no part of it.
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
