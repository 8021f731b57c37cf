# `make help` lists the targets. The first one that needs an environment makes it, in .venv.

# bash, and so a shell for every line: only then is the PATH below the one that commands are looked up in.
SHELL := /bin/bash
# An interpreter; by default the first of these two that there is.
PYTHON ?=
INTERPRETER = python=$${PYTHON:-$$(for p in python3.11 python3; do $$p -c '' 2>/dev/null && echo $$p && break; done)}
# Another build of torch than those of requirements-torch.txt: make repro TORCH="--index-url <url> torch==2.13.0", which
# nothing verifies, or TORCH="<url of a wheel>#sha256=<its hash>"
TORCH ?=
# From the command line only, as an environment may have such names.
EXPERIMENTS =
EXPERIMENT =
SET =
NAME =
KEEP =
A = HEAD
B = workspace
C =
D =
VARIANTS =
ARCHIVE =
ARGS =
# All of it is handed on as it was typed, in the environment: neither make nor a shell runs what stands in it. Of ARGS
# `scripts.typed` makes words.
TYPED = EXPERIMENTS EXPERIMENT SET NAME KEEP A B C D VARIANTS ARCHIVE ARGS PYTHON TORCH
$(foreach name,$(TYPED),$(eval override $(name) := $$(value $(name))))
export $(TYPED)
# Names without what a shell would make of * and ?
WORDS = set -f; names=($$EXPERIMENTS)

export PATH := $(CURDIR)/.venv/bin:$(value PATH)
# Relative, so that DVC's copies of the workspace (dvc exp run --temp) import their own code.
export PYTHONPATH := src
export DVC_NO_ANALYTICS := 1
# Where a machine forbids bytecode, each of the many processes would compile all that it imports, for many seconds.
unexport PYTHONDONTWRITEBYTECODE

# The stamps are named by what they stand for: touching or switching files does not install anything anew.
checksum = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/runtime-$(call checksum,requirements.txt requirements-torch.txt requirements-cuda.txt)
REMOTE := .venv/remote-$(call checksum,requirements-remote.txt)
DEVELOPMENT := .venv/development-$(call checksum,requirements-dev.txt)
# A remote on a server needs packages of its own, a folder none.
SPEAKING = $(if $(shell grep -shE '^ *url *= *(s3|ssh)://' .dvc/config .dvc/config.local),$(REMOTE))
# No byte-compiling of a gigabyte up front: what is imported gets compiled at its first import.
PIP := .venv/bin/python -m pip -qq --disable-pip-version-check
INSTALL := $(PIP) install --no-deps --no-compile
VERIFIED := $(INSTALL) --require-hashes

.PHONY: help repro vary compare grid undo pull publish archive unpack status test test-all check format verify verify-dispatch verify-cpus full audit fsck reliability costs bench docs lock .venv clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[.a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([.a-z-]+):.*## /\1|/' | awk -F '|' '{printf "  make %-15s %s\n", $$1, $$2}'

repro: $(RUNTIME) ## Compute what is not up to date; EXPERIMENTS="intro ..." for some, default all
	@$(WORDS); python -m superposition.params $${EXPERIMENTS:+--experiments "$${names[@]}"}
	@$(WORDS); python -m scripts.alone python -m scripts.quiet repro "$${names[@]/#/plot@}"
	@$(WORDS); python -m superposition.report.summary "$${names[@]}"
	@python -m superposition.stage

vary: $(RUNTIME) ## One variant, here untouched: EXPERIMENT=intro SET="sparsity=[0,0.5,0.95]"; NAME=..., KEEP=1
	@python -m scripts.vary "$$EXPERIMENT" --set "$$SET" $${NAME:+--name "$$NAME"} $${KEEP:+--keep}

compare: $(RUNTIME) ## What differs, as one page: A=HEAD B=workspace, or names of variants, or of commits; up to D
	@python -m scripts.compare "$$A" "$$B" $${C:+"$$C"} $${D:+"$$D"}

grid: $(RUNTIME) ## One figure over variants: EXPERIMENT=intro VARIANTS="steep-*"; default all of this commit
	@set -f; names=($$VARIANTS); python -m scripts.grid "$$EXPERIMENT" "$${names[@]}"

undo: $(RUNTIME) ## Back to what is committed: params.yaml, dvc.lock, reports and data; ARGS=--dry only says what goes
	@python -m scripts.typed python -m scripts.alone python -m scripts.undo

pull: $(RUNTIME) $(SPEAKING) ## Get the results of this commit from DVC's remote, in place of computing them
	@python -m scripts.alone python -m scripts.remote pull

publish: $(RUNTIME) $(SPEAKING) ## Put the results of this commit into DVC's remote, for make pull; docs/sharing.md
	@python -m scripts.alone python -m scripts.remote publish

archive: $(RUNTIME) ## Write the results of this commit into one file, results-COMMIT.tar
	@python -m scripts.archive

unpack: $(RUNTIME) ## Put the results of such a file in place: ARCHIVE=results-1a2b3c4.tar
	@python -m scripts.alone python -m scripts.archive "$$ARCHIVE"

status: $(RUNTIME) ## What `make repro` would run, after edits of parameters and of code; computes next to nothing
	@python -m superposition.params
	@python -m scripts.alone --now dvc repro --quiet generate
	@dvc status

# A process for each core, with one thread: most tests are of one thread, or wait for a process. ARGS=-n0 takes one.
test: $(DEVELOPMENT) ## Run the tests; ARGS="-k norms" goes to pytest
	@OMP_NUM_THREADS=1 python -m scripts.typed python -m pytest -n logical --maxprocesses 4 --dist worksteal -m "not long"

test-all: $(DEVELOPMENT) ## All tests, with FAULTS=200 interruptions and DOCUMENTS=2000; takes hours
	@FAULTS=$${FAULTS:-200} python -m scripts.typed python -m pytest

check: $(DEVELOPMENT) ## Formatter, linter and type checker, as CI runs them
	ruff format --check .
	ruff check .
	mypy src stages benchmarks scripts

format: $(DEVELOPMENT) ## Format the code and fix what the linter can
	ruff format .
	ruff check --fix .

verify: $(RUNTIME) ## Recompute HEAD in a fresh clone, compare with dvc.lock; EXPERIMENTS="..." or all, default intro
	@$(WORDS); python scripts/verify.py "$${names[@]}"

verify-dispatch: $(RUNTIME) ## The same bytes whatever code libraries choose for a processor? EXPERIMENTS="..." or all
	@$(WORDS); python -m scripts.typed python -m scripts.verify_dispatch "$${names[@]}"

verify-cpus: $(RUNTIME) ## The same bytes on emulated processors? Needs qemu-user; ARGS="Haswell EPYC --arm SYSROOT"
	@python -m scripts.typed python -m scripts.verify_cpus

full: $(RUNTIME) ## Run EXPERIMENTS="..." at the paper's full scale, into reports/full_scale; can be killed and goes on
	@$(WORDS); python -m scripts.full_scale "$${names[@]}"

audit: $(RUNTIME) ## Compare the pinned packages with the known vulnerabilities of the OSV database
	@python -m scripts.typed python -m scripts.audit

fsck: $(RUNTIME) ## Hash results and DVC's cache anew, whatever DVC remembers; what is damaged is removed
	@python -m scripts.fsck

reliability: $(DEVELOPMENT) ## Run the tests of docs/reliability.md, which says how many, and fill in its table; hours
	@python -m scripts.typed python -m scripts.reliability

costs: $(RUNTIME) ## Note how long training took, from the last make repro here, into reports/costs.csv
	@python -m scripts.costs

bench: $(RUNTIME) ## Measure speed and memory, into reports/speed.csv and .svg; ARGS="--experiments intro" for less
	@python -m scripts.typed python -m benchmarks

docs: $(RUNTIME) ## Write docs/data.md, docs/parameters.md and params.schema.json from the code
	@python -m scripts.docs

lock: $(DEVELOPMENT) ## Pin the newest versions that fit requirements.in and requirements-dev.in
	@python scripts/lock.py

.venv: $(DEVELOPMENT) ## The environment with the development tools (repro and verify need less)

clean: ## Remove the environment and the tools' caches; results and DVC's cache stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

# pip and setuptools go first: this pip is much faster than the one that comes with Python, and setuptools builds the one
# package that comes as source, in place of whatever pip would download for that.
# torch's build is the one that pip finds for the machine, and only then compared with the list: given the list at once, pip
# would pass over a build of a folder (find-links) for one whose hash its index quotes.
# What is typed in that environment finds the code of this checkout (superposition.pth), from any folder; what make and DVC
# run has PYTHONPATH=src, which goes first, and so the code of the copy that it runs in.
# `pip check` stands in for pip's resolver. It fails if torch is a CUDA build, whose libraries are installed then.
$(RUNTIME): | requirements.txt requirements-torch.txt requirements-cuda.txt
	@$(INTERPRETER); "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { \
	  echo "error: '$$python' is no Python 3.11 to 3.14; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making .venv (once; about a minute, more where CUDA's libraries are downloaded) ..."
	@$(INTERPRETER); "$$python" -m venv --clear .venv
	@awk '/^[a-z]/ {keep = /^(pip|setuptools)==/} keep' requirements.txt | $(VERIFIED) -r /dev/stdin
ifdef TORCH
	@set -f; $(INSTALL) $$TORCH
	@[[ $$TORCH == *sha256=* ]] || echo "note: this build of torch is not verified: TORCH has no hash" >&2
else
	@$(PIP) download --no-deps --only-binary :all: --dest .venv/torch "$$(grep -o '^torch==[0-9.]*' requirements-torch.txt)"
	@$(VERIFIED) --no-index --find-links .venv/torch -r requirements-torch.txt
	@rm -r .venv/torch
endif
	@$(VERIFIED) --no-build-isolation -r requirements.txt
	@.venv/bin/python -m pip check >/dev/null 2>&1 || $(VERIFIED) -r requirements-cuda.txt
	@echo "$$PWD/src" > "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/superposition.pth"
	@report=$$(.venv/bin/python -m pip check) || { echo "$$report" >&2; exit 1; }
	@touch $@

$(REMOTE): $(RUNTIME) | requirements-remote.txt
	@echo "Adding what speaks to remotes on servers to .venv ..."
	@$(VERIFIED) -r requirements-remote.txt
	@touch $@

$(DEVELOPMENT): $(RUNTIME) $(REMOTE) | requirements-dev.txt
	@echo "Adding the development tools to .venv ..."
	@$(VERIFIED) -r requirements-dev.txt
	@touch $@
