.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: ## Install and run on the embedded log
	deploy/run.sh

test: ## Install what the tests need and run everything: lint, types, tests on both transports
	tests/run.sh

quick: ## Lint, types and the tests that need no Kafka and no browser
	deploy/install.sh dev
	.venv/bin/ruff check . && .venv/bin/mypy && $(PYTHON) -m tests.support.tsc && .venv/bin/pytest -m "not kafka and not ui"

pictures: ## The pictures of the README, made anew
	TASKSYS_PICTURES=tests/ui/pictures .venv/bin/pytest tests/ui/test_first_steps.py

ui: ## The page: types of its scripts, and its tests in Chromium; pictures are in tests/ui/screenshots
	deploy/install.sh dev
	tests/support/chromium/install.sh
	$(PYTHON) -m tests.support.tsc && TASKSYS_SHOTS=1 .venv/bin/pytest -m ui tests/ui

types: ## Types, of Python and of the page's scripts
	deploy/install.sh dev
	.venv/bin/mypy && $(PYTHON) -m tests.support.tsc

format: ## Put the code into shape
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

chaos: ## A cluster under real clients and faults from a seed: SEED=7 repeats one, SEEDS=100 runs many and reports
	deploy/install.sh dev
	tests/chaos/install.sh
	$(PYTHON) -m tests.chaos $(if $(SEEDS),--seeds $(SEEDS) --first $(or $(FIRST),1),--seed $(or $(SEED),1))

kills: ## Many rounds of kill -9 on both transports (TASKSYS_KILL_ROUNDS, default 50)
	TASKSYS_KILL_ROUNDS=$${TASKSYS_KILL_ROUNDS:-50} .venv/bin/pytest tests/contracts/test_kill.py --timeout 7200

simulate: ## Lives of a simulated cluster (SEEDS, default 1000; FIRST, the first seed), with a report in tests/simulation
	.venv/bin/python -m tests.simulation $${FIRST:-} --seeds $${SEEDS:-1000} --report

fuzz: ## The HTTP interface under a deep fuzzer
	TASKSYS_FUZZ_EXAMPLES=$${TASKSYS_FUZZ_EXAMPLES:-500} .venv/bin/pytest tests/views/test_fuzz.py --timeout 7200

rules: ## Many random recurrence rules against two other implementations (TASKSYS_RRULE_EXAMPLES, default 40000)
	TASKSYS_RRULE_EXAMPLES=$${TASKSYS_RRULE_EXAMPLES:-40000} .venv/bin/pytest tests/tasksys/recurrence/test_oracle.py --timeout 7200

bench: ## Ours and the peers, side by side; writes tests/bench/RESULTS.md
	deploy/install.sh dev
	$(PYTHON) -m tests.bench

scale: ## How cost and pauses grow with workers, partitions, workspaces, tasks and subscribers (ONLY="pauses rates", SEED)
	deploy/install.sh dev
	$(PYTHON) -m tests.scale $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

demo: ## 10,000 commands through HTTP, kill -9 in the middle, replay --verify, on both transports
	deploy/install.sh dev
	$(PYTHON) -m tests.demo

year: ## A year of recurring tasks and reminders with outages, every one accounted for, on both transports
	deploy/install.sh dev
	$(PYTHON) -m tests.year

monitoring-test: ## The monitoring stack under the real tools that take long to install or to build
	deploy/install.sh dev
	tests/monitoring/run.sh

observe: ## Break a running system in four ways, and write what its monitoring showed (monitoring/docs/demonstration)
	deploy/install.sh dev
	$(PYTHON) -m tests.monitoring.demo

.PHONY: observe pictures help run test quick ui types format chaos kills simulate fuzz rules bench scale demo year monitoring-test
