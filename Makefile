# Commands for developing and running Hubbub. `make help` lists them.

BIN := .venv/bin
TIMED := @scripts/timed

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run Hubbub on http://localhost:8000 as one process; needs only Python (PORT=8001)
	@scripts/setup && exec $(BIN)/python scripts/run.py

stack: ## Run nginx, Postgres, Redis, web and replicas on this machine (REPLICAS=2 PORT=8080)
	@scripts/setup && scripts/install-servers stack && exec $(BIN)/python -m scripts.stack up

stack-scale: ## Change the number of replicas of the running stack without downtime (REPLICAS=4)
	@exec $(BIN)/python -m scripts.stack scale $(REPLICAS)

stack-status: ## Show the processes of the running stack
	@exec $(BIN)/python -m scripts.stack status

stack-deploy: ## Replace the code of the running stack without downtime (ROOT=directory)
	@exec $(BIN)/python -m scripts.stack deploy --root $(or $(ROOT),.)

stack-manage: ## Run manage.py on the running stack (ARGS="owner alice")
	@exec $(BIN)/python -m scripts.stack manage -- $(ARGS)

setup: ## Create the virtual environment for development
	@scripts/setup dev

test: setup ## Run the tests; installs Redis, PostgreSQL and Chromium if it can
	@scripts/install-servers
	$(TIMED) "tests on PostgreSQL and Redis" $(BIN)/pytest -q -n 2 --ignore=tests/stack --ignore=tests/deploy/platforms
	$(TIMED) "tests on SQLite, one process" $(BIN)/pytest -q -n 2 --embedded --ignore=tests/stack --ignore=tests/deploy/platforms
	$(TIMED) "tests on stock Daphne" $(BIN)/pytest -q --stock-daphne tests/cluster

test-stack: setup ## Run the tests of the whole stack; installs nginx, too
	@scripts/install-servers
	$(TIMED) "tests of the stack" $(BIN)/pytest -q tests/stack

test-deploy: setup ## Build the image and test it with compose, Kubernetes files and Heroku; needs podman or docker
	@scripts/install-servers deploy && scripts/setup deploy
	$(TIMED) "tests of deployments" $(BIN)/pytest -q tests/deploy/platforms

fuzz: setup ## Fuzz the parser, WebSockets, REST and pages with random input (SECONDS=600)
	@scripts/install-servers
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

replay: setup ## Replay recorded traffic on a temporary cluster (FILE="a b" SPEED=4), or on HOST= with SESSIONS=
	@scripts/install-servers
	$(BIN)/python -m loadtests.replay $(FILE) --speed $(or $(SPEED),1) \
		$(if $(HOST),--host $(HOST) --sessions $(SESSIONS))

lint: setup ## Check style (ruff), layers of imports, deployment settings and migrations
	$(TIMED) "lint" $(BIN)/ruff check
	$(TIMED) "format" $(BIN)/ruff format --check
	$(TIMED) "layers" env PYTHONPATH=app $(BIN)/lint-imports --no-cache
	$(TIMED) "deployment" $(BIN)/python scripts/check_deployment.py

format: setup ## Format the code and apply ruff's fixes
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

types: setup ## Check the types (mypy, strict)
	$(TIMED) "types" $(BIN)/mypy

alerts: setup ## Generate the alerts of deploy/k8s from deploy/monitoring/alerts.yml
	$(BIN)/python -m scripts.k8s_alerts

bench: setup ## Benchmark Hubbub and other systems for a quarter of an hour; writes docs/performance.md
	@scripts/install-servers bench
	$(BIN)/python -m loadtests.bench

soak: setup ## Look for leaks: an hour of light load on a temporary stack (SECONDS=3600)
	@scripts/install-servers stack
	$(BIN)/python -m loadtests.soak $(if $(SECONDS),--seconds $(SECONDS))

load: setup ## Load test with Locust (USERS=100 RATE=10 SHAPE=steps SECONDS=60 HOST=…); python -m loadtests.load --help
	@scripts/install-servers stack
	@$(BIN)/python -m loadtests.load

load-ui: setup ## Load test with Locust's web page on http://127.0.0.1:8089
	@scripts/install-servers stack
	@$(BIN)/python -m loadtests.load --web

capacity: setup ## Raise the load on a replica until it misses a target; writes docs/capacity.json (or HOST=…)
	@scripts/install-servers
	@$(BIN)/python -m loadtests.capacity $(if $(HOST),--host $(HOST) --sessions $(SESSIONS) $(if $(METRICS),--metrics $(METRICS)) $(if $(WORKERS),--workers $(WORKERS)),--write)

chaos: setup ## Inject faults into a deployment while simulated users chat (SECONDS=120 SEED=7 SEEDS=1-10 ALONE=1)
	@scripts/install-servers chaos
	$(BIN)/python -m loadtests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ALONE),--alone)

check: lint types test ## Run what CI runs, except test-stack and test-deploy

lock: setup ## Update the pinned requirements*.txt from requirements*.in
	@scripts/lock

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))
