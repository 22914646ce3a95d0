#!/bin/sh
# Plans and applies what a service of the template has in Google Cloud: `service.sh plan|apply <environment>`, called by the workflows of
# repos.yaml with the variables that Atlantis gives to each step.
# Terraform runs code while it plans, a plan waits for nobody's approval, and this server may become every deployer. So the repository of a
# service brings no code: it says three values, its name says which service it is, and what runs is the platform's own, from main (ADR 0128).
set -eu
umask 077

fail() {
  echo "refused: $1" >&2
  exit 1
}

action=$1
environment=$2
# First of all: a folder of the branch may be a link to where another pull request has its plan.
[ "$REPO_REL_DIR" = . ] && [ "$WORKSPACE" = default ] || fail 'a service is planned at the top of its repository, in the workspace default'
# What an earlier run left, or the branch brought, is not a plan of this run.
if [ "$action" = plan ]; then rm -f "$PLANFILE"; fi

[ "$BASE_REPO_OWNER" = airpay ] || fail "$BASE_REPO_OWNER is not our organisation"
[ "$HEAD_REPO_OWNER/$HEAD_REPO_NAME" = "$BASE_REPO_OWNER/$BASE_REPO_NAME" ] || fail 'the branch is of another repository'
name=${BASE_REPO_NAME%-infra}
[ "$name-infra" = "$BASE_REPO_NAME" ] || fail "$BASE_REPO_NAME is no repository of a service's infrastructure"
printf '%s\n' "$name" | grep -Eqx '[a-z]([a-z0-9-]{0,38}[a-z0-9])?' || fail "$name is no name of a service"
region=${PROJECT_NAME#"$environment"-}
[ "$environment-$region" = "$PROJECT_NAME" ] || fail "project ${PROJECT_NAME:-without a name} is not of $environment"
case $region in region-[a-z]) ;; *) fail "$region is no region" ;; esac

# Plain files that are known, and nothing beside them: no Terraform, no links, no plan that was not made here.
listed=$(git -C "$DIR" ls-files --stage) || fail 'git does not say what is in the repository'
strange=$(printf '%s\n' "$listed" | awk '$1 != "100644" || $3 != "0" || NF != 4 || $4 !~ /^(\.airpay\/task\.json|\.github\/CODEOWNERS|\.gitignore|README\.md|atlantis\.yaml|service\.tfvars)$/ { print NF < 4 ? "a name of spaces" : $4 }')
[ -z "$strange" ] || fail "the repository has what it may not have: $strange"
values=$DIR/service.tfvars
[ -f "$values" ] && [ ! -L "$values" ] || fail 'there is no service.tfvars'
[ "$(wc -c < "$values")" -le 4096 ] || fail 'service.tfvars is longer than three values'
strange=$(awk '!/^(team|cost_center|tier) *= *"[a-z0-9-]+"$/ && !/^(#.*)?$/ { print NR }' "$values")
[ -z "$strange" ] || fail "service.tfvars says more than team, cost_center and tier, in line $strange"

work=$(mktemp -d "${TMPDIR:-/tmp}/service.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
timeout 300 git clone --quiet --depth=1 --single-branch --branch=main https://github.com/airpay/portal.git "$work/platform"
cd "$work/platform/infra/terraform/services/payment-service"
terraform init -input=false -lockfile=readonly -backend-config=bucket=airpay-terraform-state "-backend-config=prefix=payments/$environment/services/$name/$region"
case $action in
  plan)
    # Ours come last: Terraform takes the last value of a variable.
    terraform plan -input=false -lock-timeout=5m -out="$PLANFILE" -var-file="$values" -var="name=$name" -var="environment=$environment" -var="region=$region"
    ;;
  apply)
    terraform apply -input=false -lock-timeout=5m "$PLANFILE"
    rm -f "$PLANFILE"
    ;;
  *) fail "$action is neither plan nor apply" ;;
esac
