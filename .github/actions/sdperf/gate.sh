#!/usr/bin/env bash
# Run pytest with the report's files and the base. All inputs come from the environment, and none is evaluated.
set -euo pipefail

report=$RUNNER_TEMP/sdperf-report
rm -rf "$report"
mkdir -p "$report"
echo "report=$report" >>"$GITHUB_OUTPUT"

read -r -d '' -a command <<<"$SDPERF_PYTEST" || true
read -r -d '' -a arguments <<<"${SDPERF_ARGS:-}" || true

options=(
    --sdperf
    "--sdperf-json=$report/sdperf.json"
    "--sdperf-html=$report/sdperf.html"
    "--sdperf-markdown=$report/sdperf.md"
    "--junitxml=$report/junit.xml"
)
if [ -n "${SDPERF_BASE:-}" ]; then
    options+=("--sdperf-baselines-from=$SDPERF_BASE")
    if [ "${SDPERF_SIDE_BY_SIDE:-true}" = true ]; then options+=("--sdperf-against=$SDPERF_BASE"); fi
fi
if [ -n "${SDPERF_REQUIRE:-}" ]; then options+=("--sdperf-require=$SDPERF_REQUIRE"); fi

"${command[@]}" "${options[@]}" "${arguments[@]}"
