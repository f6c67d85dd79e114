# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

# Each target does all of its own set-up, once, in .venv and .venv-rally; nothing else of the
# machine is touched, but by the targets whose help says root. tox calls the same targets with its
# own environment: `make lint READY= BIN={envbindir}`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
RALLY := 5.1.1
READY := .venv/.ready
READY_RALLY := .venv-rally/.ready-$(RALLY)
BIN := .venv/bin

# uv where it can be had, since it is ten times quicker, and pip where it can't.
define install
install() {
	local python=$$1
	shift
	$(BIN)/uv pip install --quiet --python "$$python" "$$@" 2>/dev/null \
		|| "$$python" -m pip install -qq --disable-pip-version-check "$$@"
}
endef

.PHONY: help
help: ## show this text
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 18

##
## Environments

$(READY): requirements.txt test-requirements.txt doc/requirements.txt setup.cfg setup.py
	@$(install)
	command -v git >/dev/null || { echo 'git is missing: apt install git' >&2; exit 1; }
	[ -n "$(PYTHON)" ] || { echo 'Python 3.11 or newer is missing:' \
		'apt install python3 python3-venv, or say PYTHON=/path/to/python' >&2; exit 1; }
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"$(PYTHON) has no venv module: apt install python3-venv" >&2; exit 1; }
	echo "preparing .venv with $$($(PYTHON) --version)"
	[ -x .venv/bin/python ] || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
	.venv/bin/python -m pip install -qq --disable-pip-version-check uv \
		|| echo 'no uv for this machine; going on with pip' >&2
	install .venv/bin/python \
		-r requirements.txt -r test-requirements.txt -r doc/requirements.txt -e .
	touch $@

$(READY_RALLY): tools/sandbox/versions/rally.txt | $(READY)
	@$(install)
	echo "preparing .venv-rally with Rally $(RALLY), its plugins and openstackclient"
	[ -x .venv-rally/bin/python ] || $(BIN)/python -m venv .venv-rally
	install .venv-rally/bin/python -r $<
	touch $@

.PHONY: venv rally
venv: $(READY) ## prepare .venv, as every other target does when it has to
rally: $(READY_RALLY) ## prepare .venv-rally: Rally and clients, which the tests run

##
## Demonstrations

.PHONY: demo demo-sandbox
demo: $(READY) ## an emulated cloud, a killed benchmark's leavings, a sweep; takes a minute
	@$(BIN)/python -m tests.demo

demo-sandbox: $(READY) ## the same on a real control plane with a real, killed Rally; root
	@$(BIN)/python -m tests.demo.real

##
## Tests

# Much of a test is waiting, hence one more than there are processors.
WORKERS = --numprocesses $$(($$(nproc) + 1)) --maxprocesses 6 --dist worksteal
# Whoever starts Rally waits for it for seconds.
SLOW := (slow or (functional and rally))

.PHONY: test test-slow contract coverage test-lower sandbox-test campaign-rally-jobs campaign-race \
	campaign-fuzz campaign-kill campaign-chaos
test: $(READY) $(READY_RALLY) ## unit and functional tests with coverage; no root
	@$(BIN)/python -m pytest $(WORKERS) -m 'not $(SLOW) and not campaign' \
		--cov --cov-report=term:skip-covered tests/functional tests/unit
	$(MAKE) coverage READY=$(READY) BIN=$(BIN)
	$(MAKE) contract READY=$(READY) BIN=$(BIN)

test-slow: $(READY) $(READY_RALLY) ## every fault on a sweep of 500, and Rally's own programs
	@$(BIN)/python -m pytest $(WORKERS) -m '$(SLOW) and not campaign' tests/functional

contract: $(READY) ## what both clouds promise, on the emulator; CLOUD=sandbox: on the real one
	@$(BIN)/python -m pytest tests/contract --cloud $(or $(CLOUD),emulator)

coverage: ## check that the tests that ran last covered all of the core
	@$(BIN)/python -m coverage report --include='cleanupd/core/*' --fail-under=100

test-lower: $(READY) ## unit tests on the lowest versions that requirements.txt allows
	@$(BIN)/python -m venv --clear .venv-lower
	$(BIN)/uv pip install --quiet --python .venv-lower/bin/python --resolution lowest-direct \
		-r requirements.txt -r test-requirements.txt
	$(BIN)/uv pip install --quiet --python .venv-lower/bin/python --no-deps -e .
	.venv-lower/bin/python -m pytest tests/unit

# Only what is looked at: projects stay where a service may have something of theirs.
COVERED := heat ironic octavia designate manila
sandbox-test: $(READY) ## tests on a real control plane, which is started if it is down; root
	@tools/sandbox/sandbox up $(COVERED)
	$(MAKE) contract CLOUD=sandbox READY=$(READY) BIN=$(BIN)
	$(BIN)/python -m pytest -m 'not campaign' tests/sandbox

campaign-rally-jobs: $(READY) $(READY_RALLY) ## every generated folder, its commands run by Rally
	@tools/sandbox/sandbox up --rally swift heat ironic
	$(BIN)/python -m pytest -m campaign tests/functional/rally_jobs tests/sandbox

campaign-fuzz: $(READY) ## every field of every kind wrong in every way
	@$(BIN)/python -m pytest -m campaign tests/functional/test_garbled_records.py

campaign-race: $(READY) ## image caches against a conductor at full speed; FOR=600: that long
	@$(BIN)/python -m tests.functional.image_cache.race --seconds $(or $(FOR),180)

campaign-kill: $(READY) ## sweeps that get SIGKILL; RUNS=200: so many, SEED=1: from which one on
	@$(BIN)/python -m tests.functional.killing --runs $(or $(RUNS),200) --seed $(or $(SEED),1)

campaign-chaos: $(READY) ## three daemons while all they stand on fails; SEEDS=20: so many, SEED=1
	@$(BIN)/python -m tests.functional.chaos --runs $(or $(SEEDS),20) --seed $(or $(SEED),1)

##
## Checks: each a target of its own, so that a hook or a person can run one

LINTERS := ruff format mypy imports hacking vulture deptry spelling text notes shell
SHELL_SCRIPTS = $(shell git grep -lIE '^\#!.*[/ ](ba)?sh$$' -- . ':!*.rst' ':!*.py') \
	$(wildcard devstack/settings)
TEXTS := README.rst HACKING.rst CONTRIBUTING.rst doc/source releasenotes/source

.PHONY: lint $(addprefix lint-,$(LINTERS))
lint: $(READY) ## every check of the code, the texts and the scripts
	@$(MAKE) --keep-going READY=$(READY) BIN=$(BIN) $(addprefix lint-,$(LINTERS))
	echo 'lint: nothing to mend'

lint-ruff: $(READY)
	$(BIN)/ruff check
lint-format: $(READY)
	$(BIN)/ruff format --check
lint-mypy: $(READY)
	$(BIN)/mypy
lint-imports: $(READY)
	$(BIN)/lint-imports --no-logo
lint-hacking: $(READY)
	$(BIN)/flake8 cleanupd tests benchmarks/*.py benchmarks/counting
lint-vulture: $(READY) # fields of records are read by name, when they are written as JSON
	$(BIN)/vulture >.vulture || [ $$? -eq 3 ]
	if grep '^cleanupd/' .vulture | grep -v 'unused variable'; then exit 1; fi
lint-deptry: $(READY)
	$(BIN)/deptry .
lint-spelling: $(READY)
	git ls-files | xargs $(BIN)/codespell
lint-text: $(READY)
	$(BIN)/python doc/ext/kinds_pages.py doc/source/user/kinds
	$(BIN)/doc8 --quiet $(TEXTS)
	$(BIN)/sphinx-lint --enable all --disable line-too-long $(TEXTS)
lint-notes: $(READY)
	$(BIN)/reno --quiet lint
lint-shell: $(READY)
	$(BIN)/bashate --ignore E005 --max-line-length 99 $(SHELL_SCRIPTS)
	$(BIN)/shellcheck $(SHELL_SCRIPTS)

##
## Documents

.PHONY: docs releasenotes sample
docs: $(READY) ## the documentation, to doc/build/html; a warning is an error
	@$(BIN)/sphinx-build -q -W --keep-going -b html doc/source doc/build/html
	echo "doc/build/html/index.html"

releasenotes: $(READY) ## the release notes, to releasenotes/build/html
	@$(BIN)/sphinx-build -q -W --keep-going -b html releasenotes/source releasenotes/build/html
	echo "releasenotes/build/html/index.html"

sample: $(READY) ## etc/cleanupd.conf.sample, from the options
	@$(BIN)/oslo-config-generator --config-file etc/cleanupd-config-generator.conf

.PHONY: clean
clean: ## remove the environments and everything that was built
	@rm -rf .venv .venv-rally .venv-lower .tox build dist doc/build releasenotes/build ./*.egg-info \
		.coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .vulture
