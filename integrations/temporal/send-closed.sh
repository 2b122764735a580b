#!/usr/bin/env bash
# Sends the workflows of Temporal that have closed to Runfolio: those since a time, by default an hour ago.
# Needs the commands temporal, jq and runfolio; RUNFOLIO_URL and RUNFOLIO_TOKEN say where to. A workflow that was sent
# already is the same export again, so spans of time may overlap.
set -euo pipefail

since=${1:-$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)}
failed=0
while IFS=$'\t' read -r workflow run; do
  temporal workflow show --workflow-id "$workflow" --run-id "$run" --output json |
    runfolio send --engine temporal - || { echo "$workflow ($run) was not sent." >&2; failed=1; }
done < <(
  temporal workflow list --query "CloseTime >= '$since'" --limit "${LIMIT:-1000}" --output json |
    jq -r '.[].execution | [.workflowId, .runId] | @tsv'
)
exit "$failed"
