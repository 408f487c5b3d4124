# What one does with Hubbub while developing it. `make help` lists it.

BIN := .venv/bin
TIMED := @scripts/timed

help: ## List what make can do here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Serve the chat on http://localhost:8000 (PORT=… chooses); nothing to install but Python
	@scripts/setup && exec $(BIN)/python scripts/run.py

stack: ## The real thing on this machine: nginx, Postgres, Redis, web, realtime (REPLICAS=2 PORT=8080)
	@scripts/setup && scripts/install-servers stack && exec $(BIN)/python -m scripts.stack up

stack-scale: ## From a second terminal: have so many replicas, dropping nobody (REPLICAS=4)
	@exec $(BIN)/python -m scripts.stack scale $(REPLICAS)

stack-status: ## Show the processes of the running stack
	@exec $(BIN)/python -m scripts.stack status

stack-deploy: ## Have the running stack go on with other code, dropping nobody (ROOT=folder)
	@exec $(BIN)/python -m scripts.stack deploy --root $(or $(ROOT),.)

stack-manage: ## Run manage.py on the running stack (ARGS="owner alice")
	@exec $(BIN)/python -m scripts.stack manage -- $(ARGS)

setup: ## Make the virtual environment with everything that development needs
	@scripts/setup dev

test: setup ## Run all tests; brings Redis, PostgreSQL and Chromium where it may
	@scripts/install-servers
	$(TIMED) "tests on PostgreSQL and Redis" $(BIN)/pytest -q -n 2 --ignore=tests/stack --ignore=tests/deploy
	$(TIMED) "tests on SQLite, one process" $(BIN)/pytest -q -n 2 --embedded --ignore=tests/stack --ignore=tests/deploy
	$(TIMED) "tests on stock Daphne" $(BIN)/pytest -q --stock-daphne tests/cluster

test-stack: setup ## Run the tests of the whole stack; brings nginx, too
	@scripts/install-servers
	$(TIMED) "tests of the stack" $(BIN)/pytest -q tests/stack

test-deploy: setup ## Build the image and run it as deployments do; takes the podman or docker that is here
	@scripts/install-servers deploy && scripts/setup deploy
	$(TIMED) "tests of deployments" $(BIN)/pytest -q tests/deploy

fuzz: setup ## Look for what breaks parser, sockets, REST and pages, elsewhere each time (SECONDS=600)
	@scripts/install-servers
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

replay: setup ## Play recorded traffic on a place of its own (FILE="a b" SPEED=4), or on HOST= with SESSIONS=
	@scripts/install-servers
	$(BIN)/python -m loadtests.replay $(FILE) --speed $(or $(SPEED),1) \
		$(if $(HOST),--host $(HOST) --sessions $(SESSIONS))

lint: setup ## Look for mistakes (ruff), for imports that cross layers, for missing migrations
	$(TIMED) "lint" $(BIN)/ruff check
	$(TIMED) "format" $(BIN)/ruff format --check
	$(TIMED) "layers" env PYTHONPATH=app $(BIN)/lint-imports --no-cache
	$(TIMED) "deployment" $(BIN)/python scripts/check_deployment.py

format: setup ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

types: setup ## Check the types (mypy, strict)
	$(TIMED) "types" $(BIN)/mypy

alerts: setup ## Make the alerts of deploy/k8s anew from deploy/monitoring/alerts.yml
	$(BIN)/python -m scripts.k8s_alerts

bench: setup ## Measure Hubbub and its peers in one run, a quarter of an hour; writes docs/performance.md
	@scripts/install-servers bench
	$(BIN)/python -m loadtests.bench

soak: setup ## An hour of gentle load on a stack of its own: does anything grow? (SECONDS=3600)
	@scripts/install-servers stack
	$(BIN)/python -m loadtests.soak $(if $(SECONDS),--seconds $(SECONDS))

load: setup ## Have people use a place (USERS=100 RATE=10 SHAPE=steps SECONDS=60 HOST=…); python -m loadtests.load --help
	@scripts/install-servers stack
	@$(BIN)/python -m loadtests.load

load-ui: setup ## The same with Locust's page on http://127.0.0.1:8089
	@scripts/install-servers stack
	@$(BIN)/python -m loadtests.load --web

capacity: setup ## Raise the load on a replica until a promise breaks; writes docs/capacity.json (or HOST=…)
	@scripts/install-servers
	@$(BIN)/python -m loadtests.capacity $(if $(HOST),--host $(HOST) --sessions $(SESSIONS) $(if $(METRICS),--metrics $(METRICS)) $(if $(WORKERS),--workers $(WORKERS)),--write)

chaos: setup ## Do faults to a whole deployment while people talk (SECONDS=120 SEED=7 SEEDS=1-10 ALONE=1)
	@scripts/install-servers chaos
	$(BIN)/python -m loadtests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ALONE),--alone)

check: lint types test ## Everything that CI runs, but for test-stack and test-deploy

lock: setup ## Pin requirements*.txt anew from requirements*.in
	@scripts/lock

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))
