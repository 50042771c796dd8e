# From a fresh clone to the paper's tables. `make help` lists the targets; this file is the whole graph:
#
#   experiments/*.yaml + scales/$(SCALE).yaml --plan--> results/$(SCALE)/grid.mk and runs/*/config.yaml
#   config.yaml --train--> runs/*/metrics.json --report--> results/$(SCALE)/*.md, *.csv, *.svg, index.html

# ---------------------------------------------------------------------------------------------------- what you may set
SCALE  ?= mini#      smoke, mini, small, photos, paper or released: a file of experiments/scales
INIT   ?=#           `released`: start from the checkpoints that the authors published, short for SCALE=released
PYTHON ?= python3#   the Python (>= 3.11) that .venv is made with; with VENV= it is used as it is
VENV   ?= .venv
MICRO_BATCH ?=#      images of a batch that are computed at once, on one device; found by itself if not given
SET    ?=#           a data set for `make data` or `make data-check`, such as cifar10 or pets
LAUNCH ?=#           put in front of each process, for example `srun --ntasks-per-node=8 --gres=gpu:8 --cpus-per-task=8`
JOBS   ?= $(or $(filter-out 0,$(shell nvidia-smi -L 2>/dev/null | wc -l)),$(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1))#   one process a GPU, else one a core
# ----------------------------------------------------------------------------------------------------------------------

ifeq ($(filter grouped-target,$(.FEATURES)),)
$(error GNU Make 4.3 or newer is needed, this is $(MAKE_VERSION). On macOS: brew install make, then gmake)
endif

SCALE  := $(or $(strip $(INIT)),$(strip $(SCALE)))
VENV   := $(strip $(VENV))
# A space ends a target's name, so make would run half of a path. The repository's folder may have spaces: names are relative.
spaced = $(if $(word 2,$($1)),$(error $1 is '$($1)': make cannot hold a space in a path; give a folder or a link without spaces ($2)))
$(call spaced,VIT_RESULTS,`python -m vit` takes any)
$(call spaced,VIT_DATA,`python -m vit` takes any)
$(call spaced,VENV,or `make VENV= PYTHON=...`)
$(call spaced,SCALE,a name of experiments/scales)
ifeq ($(VENV),)
PY     := $(strip $(PYTHON))
READY  :=
else
PY     := $(VENV)/bin/python
READY  := $(VENV)/.ready
endif
ROOT    := $(or $(VIT_RESULTS),results)
RESULTS := $(ROOT)/$(SCALE)
RUNS    := $(RESULTS)/runs
ifneq ($(strip $(MICRO_BATCH)),)
export VIT_MICRO_BATCH := $(strip $(MICRO_BATCH))
endif
# Who trains here (a second make is told so) and with which cores: process, machine, Slurm step, number.
export VIT_MAKE := $(shell echo $$PPID $$(uname -n) $(SLURM_JOB_ID).$(SLURM_STEP_ID) $(or $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null),0))
DATA    := $(or $(VIT_DATA),data/downloads)
# exec: a shell between make and the run would die of a signal to both, and make would not wait for the run's checkpoint.
TRAIN   ?= @exec env $(LAUNCH) $(PY) -m vit run --scale $(SCALE) --goals "$(MAKECMDGOALS)"

# As many processes as there are GPUs or cores, each with its share of them; -jN on the command line wins.
MAKEFLAGS += --no-print-directory -j$(strip $(JOBS))
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## this text
	@awk 'BEGIN {FS = ":.*## "; print "make TARGET [SCALE=smoke|mini|small|photos|paper|released] [-jN] [-k]\n"} /^[a-z0-9%-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile
	@printf '\n  Experiments: %s\n' "$$(cd experiments && echo *.yaml ablations/*.yaml | sed 's/\.yaml//g; s,ablations/,,g')"

.PHONY: setup
setup: $(READY) ## make .venv and install what pyproject.toml asks for (3 GB, about 2 minutes)

ifneq ($(VENV),)
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
ALONE   = $(if $(shell command -v flock),flock --nonblock --conflict-exit-code 75 .setup.lock)
$(READY): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (downloads about 3 GB, takes about 2 minutes)"
	@$(ALONE) sh -c '$(PYTHON) -m venv $(VENV) && $(INSTALL) && touch $@' || \
	  { [ $$? != 75 ] || echo "error: another make is setting up $(VENV); wait for it" >&2; exit 1; }
endif

# ---------------------------------------------------------------------------------------------------- the grid of runs
# grid.mk holds, for each process, a rule with the metrics.json of its runs as targets. Make writes it anew when an
# experiment changes and starts again by itself. Goals that need no grid do not wait for it.
ifneq ($(filter-out help setup lint format test bench bench-data clean data data-check,$(MAKECMDGOALS)),)
include $(RESULTS)/grid.mk
endif

$(RESULTS)/grid.mk: $(shell find experiments -name '*.yaml' -o -type d) $(wildcard vit/plan/*.py) $(READY)
	@$(PY) -m vit plan --scale $(SCALE) --write && touch $@

.PHONY: data data-check
data: $(READY) ## fetch a public set: make data SET=cifar10; without SET, which there are
	@$(PY) -m data $(if $(SET),fetch $(SET),list)

data-check: $(READY) ## every set: here or not, size, terms, cells; HASHES=1 reads what is here
	@$(PY) -m vit data $(SET) $(if $(HASHES),--hashes)

# Public sets that a run needs; grid.mk names them as order-only prerequisites of the runs.
$(DATA)/%.fetched:
	@$(PY) -m data fetch $* && touch $@

# $(EXPERIMENTS) and NAME.runs come from grid.mk, and so does .PRECIOUS: a finished run is never deleted.
.PHONY: $(EXPERIMENTS) report reproduce
.SECONDEXPANSION:
$(EXPERIMENTS): $$(addprefix $(RUNS)/,$$(addsuffix /metrics.json,$$($$@.runs))) $(RESULTS)/costs.json $(ROOT)/paper/costs.json
	@$(PY) -m vit report --scale $(SCALE) --complete $@

# Runs wait for it: this make is the one that trains.
.PHONY: claim
claim: $(READY)
	@$(PY) -m vit claim --scale $(SCALE)

reproduce: $(EXPERIMENTS) ## every experiment there is

report: $(RESULTS)/costs.json $(ROOT)/paper/costs.json ## render the tables from what is finished, without training
	@$(PY) -m vit report --scale $(SCALE)

$(ROOT)/%/costs.json: $(wildcard vit/models/*.py) vit/run/costs.py $(RESULTS)/grid.mk
	@$(PY) -m vit cost --write $*

.PHONY: plan status tensorboard
plan: $(RESULTS)/costs.json ## what would run: runs, images, FLOPs, estimated time and disk
	@$(PY) -m vit plan --scale $(SCALE) --jobs $(JOBS)

status: ## finished, running and missing runs
	@$(PY) -m vit status --scale $(SCALE)

tensorboard: ## look at the runs' curves in a browser
	@$(PY) -m tensorboard.main --logdir $(RESULTS)

# ------------------------------------------------------------------------------------------------------- the code itself
.PHONY: test bench bench-data lint format clean
test: $(READY) ## the tests, a process a core
	@OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

bench: $(READY) bench-data ## speed and memory beside timm: results/bench/; BENCH="--models ViT-S/16 --batch 4" chooses
	@$(PY) -m bench $(BENCH)

bench-data: $(READY) ## the part of it for data: beside torchvision's pipelines, tars, fractals
	@$(PY) -m bench.data && $(PY) -m bench.archives && $(PY) -m bench.fractals

lint: $(READY) ## ruff: style and mistakes
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: $(READY) ## let ruff format the code
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

clean: ## remove rendered tables and pages of this scale, committed ones too (git restores those); never runs
	@rm -rf $(RESULTS)/index.html $(RESULTS)/costs.json $(RESULTS)/grid.mk $(RESULTS)/plan.json $(RESULTS)/cells $(foreach name,$(basename $(notdir $(wildcard experiments/*.yaml experiments/ablations/*.yaml))),$(RESULTS)/$(name).md $(RESULTS)/$(name).csv $(RESULTS)/$(name).svg)
