# One front door. Each target is one line over a script of package.json; tools/run installs
# what the first use lacks (Node 22/24, the locked packages) and then runs that script.
.PHONY: help up dev down status test drill audit-ledger restore-test bench-ledger checklist docs-images plan gitops-diff secrets

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

up: ## Start the two-region platform and the portal, print the URL
	@tools/run up

dev: ## The same platform, with the portal hot-reloading from source
	@tools/run dev

down: ## Stop everything; RESET=1 also removes the data
	@tools/run down $(if $(RESET),--reset)

status: ## One line per process; JSON=1 prints one JSON object
	@tools/run status $(if $(JSON),--json)

test: ## Every check of this repository, as CI runs it
	@tools/run test

drill: ## Ten planned region switches there and back on the running platform
	@tools/run drill

audit-ledger: ## Check every invariant of the running platform's ledgers, in both regions
	@tools/run audit:ledger

restore-test: ## Restore the newest backup and log beside the running platform and check the ledger in it; REGION=… for one region's repository
	@tools/run restore:test $(if $(REGION),--region="$(REGION)")

bench-ledger: ## Measure the ledger against pgbench and the usual handler; LONG=1 for the longer form
	@tools/run bench:ledger $(if $(LONG),--long) $(if $(ONLY),--only=$(ONLY))

checklist: ## The security checklist, ticked by what the last make test proved
	@tools/run checklist

docs-images: ## Take the screenshots of docs/images again, from the running platform
	@tools/run docs:images

plan: ## Plan one Terraform root, ENV=payments-prod/region-a; without ENV it lists them. Never applies
	@tools/run plan $(if $(ENV),"$(ENV)")

gitops-diff: ## What the clusters would get from the working tree: diff against REF, by default origin/main; CLUSTER=… for one
	@tools/run gitops:diff $(if $(REF),--ref="$(REF)") $(if $(CLUSTER),"$(CLUSTER)")

secrets: ## Look for secrets in everything that git ever kept, by the rules that each commit is checked with
	@tools/run secrets:history
