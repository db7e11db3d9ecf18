# Two commands matter: `make demo` and `make test`. Everything they need, they install here.

PYTHON ?= python3
PORT ?= 8000
# On two cores: half of them wait, for processes, a browser or a disk.
WORKERS ?= 3
BIN := .venv/bin

.DEFAULT_GOAL := help

# Where it is set, as in many containers, each process of a shop compiles at its start what it imports.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: setup ## the whole shop on this machine, at http://127.0.0.1:$(PORT)/ (PORT=8001 moves it)
	@PORT=$(PORT) $(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m config.demo

show: setup ffmpeg ## a live show on the running demo, encoded here, until Ctrl-C (SHOW=slug: one of yours)
	@$(BIN)/python manage.py encode_show $(SHOW)

clean-demo: setup ## forget the demo's data
	@$(BIN)/python -m config.demo --forget

test: lint ffmpeg ## lint, types, import contracts, and every test
	@$(BIN)/python -m tests.need_chromium
	$(BIN)/python -m pytest -n $(WORKERS)

test-fast: setup ## the tests that need no browser, no running processes, no clock and no long histories
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

hunt: setup ## new garbage for parsers, drain and checkout, new histories for a sale: others each time
	@HYPOTHESIS_PROFILE=hunt $(BIN)/python -m pytest -k "garbage or whatever or gathering or search or schema"

lint: setup ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost $(BIN)/mypy .
	$(BIN)/lint-imports

ROUNDS ?= 3
chaos: setup ## kill each component of a shop in mid-sale, ROUNDS times, and count what became of it
	@$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m tests.chaos --rounds $(ROUNDS)

REQUESTS ?= 1000000
soak: setup ## REQUESTS orders (a million) over several sales, while one component after the other is killed
	@$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m tests.soak --requests $(REQUESTS)

SEED ?= $(shell date +%s)
converge: setup ## break links, processes and stores under watching clients, ROUNDS times
	@CONVERGENCE_ROUNDS=$(ROUNDS) CONVERGENCE_SEED=$(SEED) CONVERGENCE_SECONDS=20 $(BIN)/python -m pytest tests/live/converging

BENCHES := disk cold_import intake isolation drain backlog live live_two live_dead live_restart live_order live_rush shops
bench: setup ## every measurement of bench/, with its ratios
	@for name in $(BENCHES); do echo "== bench/$$name"; $(BIN)/python -m bench.$$name || exit 1; done

bench-live: setup ## those of the live part in one go, within ten minutes, as rows for bench/RESULTS.md
	@$(BIN)/python -m bench.live_all

lock: setup ## pin the ranges of pyproject.toml anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --all-extras pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header requirements-sqs.in -o requirements-sqs.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header requirements-show.in -o requirements-show.lock
	for shop in pretix oscar; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header requirements-$$shop.in -o requirements-$$shop.lock; done

setup: .venv/installed .venv-sqs/installed ## the two virtual environments, from the lock files

# The queue's server pins libraries of its own, so it lives apart.
.venv/installed: requirements.lock
.venv-sqs/installed: requirements-sqs.lock
.venv/installed .venv-sqs/installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing $< into $(@D) …"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Only shows need it: who has one, or never sends a show, is spared 30 MB.
ffmpeg: setup
	@[ -n "$$FFMPEG" ] || command -v ffmpeg >/dev/null || $(BIN)/python -c 'import imageio_ffmpeg' 2>/dev/null || { \
		echo "Installing an ffmpeg …"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-show.lock; }

.PHONY: help demo show ffmpeg clean-demo test test-fast hunt lint chaos converge soak bench bench-live lock setup
