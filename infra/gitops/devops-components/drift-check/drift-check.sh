#!/usr/bin/env bash
# Plans every root that Atlantis plans, from main and as the planner of its environment, and tells which of them Google Cloud differs from.
# It applies nothing, locks nothing and keeps no plan. A root that could not be planned is told nothing about: no figure is not "no drift".
# Metrics, by root: terraform_drift_due (it is on the list), terraform_drift (1 differs, 0 does not), terraform_drift_checked_timestamp_seconds.
# The log has the addresses of what differs and never a value. Exit 0: every root got an answer, and somebody took it.
set -uo pipefail
export LC_ALL=C HOME="$DRIFT_FOLDER" TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 TF_PLUGIN_CACHE_DIR="$DRIFT_FOLDER/providers"
sources="$DRIFT_FOLDER/sources"
said="$DRIFT_FOLDER/said"
failed=0

say() { printf '%s %s\n' "$(date -u +%FT%TZ)" "$*"; }

# Name and password are read by git when it is asked for them: in no argument and no variable.
clone() {
  local helper="!printf 'username=%s\npassword=%s\n' \"\$(cat '$DRIFT_GIT_CREDENTIAL/username')\" \"\$(cat '$DRIFT_GIT_CREDENTIAL/password')\"; :"
  GIT_TERMINAL_PROMPT=0 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0="$helper" \
    timeout -k 10 "$DRIFT_CLONE_SECONDS" git clone --quiet --depth 1 --single-branch --no-tags --branch "$DRIFT_BRANCH" -- "$DRIFT_REPOSITORY" "$sources"
}

# "name folder workflow" of each project of atlantis.yaml. A file in another form is refused whole, so that no root is lost on the way.
roots() {
  awk '
    function close_entry() {
      if (!open) return
      if (name !~ /^[a-z0-9-]+$/ || dir !~ /^infra\/terraform\/live\/[a-z0-9-]+\/[a-z0-9-]+$/ || workflow !~ /^[a-z0-9-]+$/ || name in seen) bad = 1
      seen[name] = 1
      list = list name " " dir " " workflow "\n"
      open = 0
    }
    /^[a-z]/ { close_entry(); inside = ($0 == "projects:") }
    !inside { next }
    /^ ? ?-/ { close_entry(); open = 1; name = ""; dir = ""; workflow = ""; sub(/-/, " ") }
    $1 == "name:" && /^    name:/ && NF == 2 { name = $2 }
    $1 == "dir:" && /^    dir:/ && NF == 2 { dir = $2 }
    $1 == "workflow:" && /^    workflow:/ && NF == 2 { workflow = $2 }
    END { close_entry(); if (bad || list == "") exit 1; printf "%s", list }
  ' "$sources/atlantis.yaml"
}

# Whom Atlantis' server plans a workflow as (its repos.yaml). An account of any other name is none.
planner() {
  awk -v wanted="$1:" '
    /^[a-z]/ { inside = ($0 == "workflows:") }
    !inside { next }
    /^  [a-z]/ { workflow = $1; stage = "" }
    /^    [a-z]/ { stage = $1 }
    workflow == wanted && stage == "plan:" && /GOOGLE_IMPERSONATE_SERVICE_ACCOUNT/ && match($0, /planner-[a-z0-9]+@[a-z0-9-]+\.iam\.gserviceaccount\.com/) { print substr($0, RSTART, RLENGTH) }
  ' "$sources/infra/gitops/devops-components/atlantis/repos.yaml"
}

# Lines "metric root value" as OTLP. Every receiver is told the same, and one that took it is enough.
tell() {
  local now body receiver heard=1
  now="$(date -u +%s)000000000"
  body="$(awk -v now="$now" '
    { points = points (NR > 1 ? "," : "") sprintf("{\"name\":\"%s\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"%s\",\"asInt\":\"%s\",\"attributes\":[{\"key\":\"root\",\"value\":{\"stringValue\":\"%s\"}}]}]}}", $1, now, $3, $2) }
    END { printf "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"drift-check\"}}]},\"scopeMetrics\":[{\"metrics\":[%s]}]}]}", points }')"
  for receiver in $DRIFT_RECEIVERS; do
    if curl --silent --show-error --fail --output /dev/null --max-time 10 --retry 2 --retry-delay 1 --retry-connrefused --retry-max-time 20 \
      --header 'content-type: application/json' --data-binary "$body" "$receiver/v1/metrics"; then heard=0; fi
  done
  return "$heard"
}

# What a plan said (its JSON lines): messages of changes, which are an address and a word, and of errors without their details.
changes() { sed -nE 's/^\{"@level":"info","@message":"(([^"\\]|\\.)*)".*"type":"(planned_change|resource_drift)"\}$/  \1/p' "$said" | sed 's/\\\(["\\]\)/\1/g' | head -n 200; }
errors() { sed -nE 's/^\{"@level":"error","@message":"(([^"\\]|\\.)*)".*/  \1/p' "$said" | cut -c 1-600 | head -n 10; }

# How a step ended. Which code a process has that was stopped at its limit is another thing with each `timeout`; the clock is not.
ended() { say "$1 ended with $2$([ "$((SECONDS - began))" -ge "$3" ] && echo ", at its limit of $3 s"):"; }

# 0 nothing differs, 2 something does, anything else: nobody knows.
plan() {
  local folder="$1" code began
  cd "$sources/$folder" || return 1
  began=$SECONDS
  timeout -k 30 "$DRIFT_INIT_SECONDS" terraform init -backend-config=backend.hcl -lockfile=readonly -input=false -no-color >"$said" 2>&1 </dev/null
  code=$?
  if [ "$code" -ne 0 ]; then
    ended init "$code" "$DRIFT_INIT_SECONDS"
    tail -n 15 "$said" | cut -c 1-600
    return 1
  fi
  began=$SECONDS
  timeout -k 30 "$DRIFT_PLAN_SECONDS" terraform plan -detailed-exitcode -lock=false -input=false -json >"$said" 2>"$said.2" </dev/null
  code=$?
  case "$code" in
    0) return 0 ;;
    2) changes; return 2 ;;
    *)
      ended plan "$code" "$DRIFT_PLAN_SECONDS"
      errors
      tail -n 5 "$said.2" | cut -c 1-600
      return 1
      ;;
  esac
}

mkdir -p "$TF_PLUGIN_CACHE_DIR" || exit 1
if ! clone; then
  say "$DRIFT_REPOSITORY could not be read: no root was looked at"
  exit 1
fi
say "main is at $(git -C "$sources" log -1 --format=%h)"
if ! list="$(roots)"; then
  say "atlantis.yaml is not in the form that is read here: no root was looked at"
  exit 1
fi
if ! awk '{ print "terraform_drift_due", $1, 1 }' <<<"$list" | tell; then
  say "nobody takes figures (the roots that are due)"
  failed=1
fi

while read -r root folder workflow; do
  account="$(planner "$workflow")"
  if [ -z "$account" ]; then
    say "$root: UNKNOWN: workflow $workflow names no planner"
    failed=1
    continue
  fi
  say "$root: planned as $account"
  (export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT="$account"; plan "$folder")
  case $? in
    0) drift=0; say "$root: as main says" ;;
    2) drift=1; say "$root: DIFFERS from main (above)" ;;
    *) say "$root: UNKNOWN"; failed=1; continue ;;
  esac
  if ! printf '%s\n' "terraform_drift $root $drift" "terraform_drift_checked_timestamp_seconds $root $(date -u +%s)" | tell; then
    say "$root: nobody takes figures"
    failed=1
  fi
done <<<"$list"
exit "$failed"
