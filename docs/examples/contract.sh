#!/usr/bin/env bash
# From an empty installation to a cloud's resources and a bill by service, with curl alone.
#
#   BASE=http://localhost:8000 EMAIL=… PASSWORD=… ENDPOINT=http://127.0.0.1:5000 \
#   AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… docs/examples/contract.sh bill.csv 2024-09-01 2024-10-01
#
# ENDPOINT is for a test server under CLOUDOPS_ALLOWED_ENDPOINTS; leave it out for the real AWS.
# Prints one JSON document a line: the account, the job, the first resources, the import, the breakdown.
set -euo pipefail
bill=$1 from=$2 to=$3
api="${BASE:-http://localhost:8000}/api/v1"
json='Content-Type: application/json'

field() { python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
body() { python3 -c 'import json,sys; print(json.dumps(dict(pair.split("=", 1) for pair in sys.argv[1:])))' "$@"; }
line() { python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)))'; }

token=$(curl -fsS "$api/auth/login" -H "$json" -d "$(body client=native email="$EMAIL" password="$PASSWORD")" | field access_token)
call() { curl -fsS -H "Authorization: Bearer $token" "$@"; }
follow() {
  local job
  while job=$(call "$api/jobs/$1"); do
    case $(field state <<<"$job") in queued | running) sleep 1 ;; *) break ;; esac
  done
  line <<<"$job"
}

connection() {
  python3 - <<'PYTHON'
import json, os
found = os.environ.get
body = {"provider": "aws", "name": found("NAME", "Production"), "credentials": {"kind": "access_key"}}
for name in ("access_key_id", "secret_access_key"):
    body["credentials"][name] = os.environ[f"AWS_{name.upper()}"]
if found("ENDPOINT"):
    body["endpoint_url"] = found("ENDPOINT")
if found("REGION"):
    body["regions"] = found("REGION").split(",")
print(json.dumps(body))
PYTHON
}
account=$(connection | call "$api/accounts" -H "$json" -d @-)
line <<<"$account"
account_id=$(field id <<<"$account")

follow "$(call -X POST "$api/accounts/$account_id/sync" | field job_id)"
call "$api/usage/resources?account_id=$account_id&limit=500" | line

import=$(call "$api/ai-cost/imports" -F "file=@$bill")
follow "$(field job_id <<<"$import")" >/dev/null
call "$api/ai-cost/imports/$(field import_id <<<"$import")" | line
call "$api/ai-cost/breakdown?from=$from&to=$to&group_by=provider_name,service&cost=${COST:-effective}" | line
