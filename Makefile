# From a fresh clone to the paper's tables. `make help` lists the targets; this file is the whole graph:
#
#   experiments/*.yaml + scales/$(SCALE).yaml --plan--> results/$(SCALE)/grid.mk and runs/*/config.yaml
#   config.yaml --train--> runs/*/metrics.json --report--> results/$(SCALE)/*.md, *.csv, *.svg, *.png, index.html

# ------------------------------------------------------------------------------------------------------------ variables
SCALE  ?= mini#      smoke, mini, desk, small, photos, paper or released: a file of experiments/scales
INIT   ?=#           `released`: start from the checkpoints that the authors published; the same as SCALE=released
PRECISION ?=#        `bf16-mixed`: all trainings in it, in results/SCALE+bf16-mixed; the same as SCALE=mini+bf16-mixed
PYTHON ?= python3#   the Python (>= 3.11) that creates .venv; with an empty VENV it is used directly
VENV   ?= .venv
MICRO_BATCH ?=#      images per device and forward pass; default: as many as fit into memory
NAME   ?=#           the name of an ablation for `make new-ablation`
EXPERIMENT ?=#       an experiment for `make plan` (what it adds to the others), `make verify` and `make again`
SET    ?=#           a data set for `make data` or `make data-check`, such as cifar10 or pets
CLUSTER ?=#          a file of experiments/clusters: each run becomes a job of Slurm (docs/cluster.md)
LAUNCH ?=#           prefix of each run's command, for example `srun --ntasks-per-node=8 --gres=gpu:8 --cpus-per-task=8`
JOBS   ?= $(or $(filter-out 0,$(shell nvidia-smi -L 2>/dev/null | wc -l)),$(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1))#   one process per GPU, else one per core
# ----------------------------------------------------------------------------------------------------------------------

ifeq ($(filter grouped-target,$(.FEATURES)),)
$(error GNU Make 4.3 or newer is needed, this is $(MAKE_VERSION). On macOS: brew install make, then gmake)
endif

# override: SCALE may stand on the command line. A make below this one is given the whole name.
override SCALE := $(or $(strip $(INIT)),$(strip $(SCALE)))$(if $(findstring +,$(SCALE)),,$(addprefix +,$(strip $(PRECISION))))
VENV   := $(strip $(VENV))
# A space ends a target's name, so make would use half of a path. The repository's path may have spaces: names are relative.
spaced = $(if $(word 2,$($1)),$(error $1 is '$($1)': make does not support spaces in paths; choose a folder or link without spaces ($2)))
$(call spaced,VIT_RESULTS,`python -m vit` accepts any path)
$(call spaced,VIT_DATA,`python -m vit` accepts any path)
$(call spaced,VENV,or `make VENV= PYTHON=...`)
$(call spaced,SCALE,a name of experiments/scales)
$(call spaced,AGAIN,or a link without spaces)
ifeq ($(VENV),)
PY     := $(strip $(PYTHON))
READY  :=
else
PY     := $(VENV)/bin/python
READY  := $(VENV)/.ready
endif
ROOT    := $(or $(VIT_RESULTS),results)
AGAIN   ?= $(ROOT)/again#   the results folder of `make again`
RESULTS := $(ROOT)/$(SCALE)
CLUSTER := $(strip $(CLUSTER))
RUNS    := $(RESULTS)/runs
ifneq ($(strip $(MICRO_BATCH)),)
export VIT_MICRO_BATCH := $(strip $(MICRO_BATCH))
endif
# Identifies this make to its runs, and to a second make, which is refused: process id, host, Slurm step, number of cores.
export VIT_MAKE := $(shell echo $$PPID $$(uname -n) $(SLURM_JOB_ID).$(SLURM_STEP_ID) $(or $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null),0))
DATA    := $(or $(VIT_DATA),data/downloads)
CHECK   ?= @$(PY) -m vit check --scale $(SCALE) --goals "$(filter $(EXPERIMENTS),$(MAKECMDGOALS))"
# exec: a shell between make and the run would die of a signal to both, and make would not wait for the run's checkpoint.
TRAIN   ?= @exec $(if $(CLUSTER),$(SUBMIT),env $(LAUNCH) $(PY) -m vit run --scale $(SCALE) --goals "$(MAKECMDGOALS)")
# The jobs of Slurm: each recipe submits one, and Slurm keeps their order. What an experiment's recipe renders it waits for.
SUBMIT   = $(PY) -m vit submit --scale $(SCALE) --cluster $(CLUSTER)
GRID    := $(RESULTS)/$(if $(CLUSTER),cluster,grid).mk

# JOBS processes share the machine's GPUs or cores; -jN on the command line takes precedence. The make below `make again` has NESTED
# and takes its parent's processes: with a -j of its own it would warn twice that it has left them.
MAKEFLAGS += --no-print-directory $(if $(NESTED),,-j$(strip $(JOBS)))
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## print this text
	@awk 'BEGIN {FS = ":.*## "; print "make TARGET [SCALE=smoke|mini|desk|small|photos|paper|released] [-jN] [-k]\n"} /^[a-z0-9%-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile
	@printf '\n  Experiments: %s\n' "$$(cd experiments && echo *.yaml ablations/*.yaml | sed 's/claims\.yaml //; s/\.yaml//g; s,ablations/,,g')"

.PHONY: setup
setup: $(READY) ## create .venv and install the dependencies of pyproject.toml (3 GB, about 2 minutes)

ifneq ($(VENV),)
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
ALONE   = $(if $(shell command -v flock),flock --nonblock --conflict-exit-code 75 .setup.lock)
$(READY): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (downloads about 3 GB, takes about 2 minutes)"
	@$(ALONE) sh -c '$(PYTHON) -m venv $(VENV) && $(INSTALL) && touch $@' || \
	  { [ $$? != 75 ] || echo "error: another make is setting up $(VENV); wait for it" >&2; exit 1; }
endif

# ---------------------------------------------------------------------------------------------------- the grid of runs
# grid.mk has a rule for each process, whose targets are the metrics.json of its runs. When an experiment has changed, make
# rebuilds this included file and restarts. Goals without runs skip it.
ifneq ($(filter-out help setup lint format test bench bench-data bench-report clean data data-check new-ablation again,$(MAKECMDGOALS)),)
include $(GRID)
endif

$(GRID): $(shell find experiments \( -name '*.yaml' -o -type d \) ! -name '* *') $(wildcard vit/plan/*.py) $(READY)
	@$(PY) -m vit plan --scale $(SCALE) --write $(if $(CLUSTER),--cluster $(CLUSTER)) && touch $@

.PHONY: data data-check
data: $(READY) ## download a public data set: make data SET=cifar10; without SET, list them
	@$(PY) -m data $(if $(SET),fetch $(SET),list)

data-check: $(READY) ## status, size, terms and cells of all data sets; HASHES=1 also verifies checksums
	@$(PY) -m vit data $(SET) $(if $(HASHES),--hashes)

# Public sets that runs need: order-only prerequisites in grid.mk.
$(DATA)/%.fetched:
	@$(PY) -m data fetch $* && touch $@

# grid.mk defines $(EXPERIMENTS), NAME.runs, and .PRECIOUS: make never deletes a finished run.
.PHONY: $(EXPERIMENTS) report reproduce claims
.SECONDEXPANSION:
$(EXPERIMENTS): $$(addprefix $(RUNS)/,$$(addsuffix /metrics.json,$$($$@.runs))) $(RESULTS)/costs.json $(ROOT)/paper/costs.json
	$(if $(CLUSTER),@$(PY) -m vit wait --scale $(SCALE) $@)
	@$(PY) -m vit report --scale $(SCALE) --complete $@

# Runs depend on it: it registers this make as the one that trains the scale.
.PHONY: claim
claim: $(READY) $(RESULTS)/costs.json
	@$(PY) -m vit claim --scale $(SCALE)$(if $(CLUSTER)$(LAUNCH), --elsewhere)
	$(if $(CLUSTER),@$(PY) -m vit queue --scale $(SCALE))

# Before the first run of a scale, and again when code or experiments change: `vit check` leaves this file where it finds no mistake.
$(RESULTS)/checked: $(GRID) $(shell find vit data -name '*.py')
	$(CHECK)

reproduce: $(EXPERIMENTS) ## all experiments, then the claims
	@$(PY) -m vit claims --scale $(SCALE)

.PHONY: tables figures
tables: $(filter table%,$(EXPERIMENTS)) ## the paper's tables that the scale has

figures: $(filter figure%,$(EXPERIMENTS)) ## the paper's figures that the scale has

claims: $(RESULTS)/costs.json $(ROOT)/paper/costs.json ## test the paper's claims on whatever has finished
	@$(PY) -m vit claims --scale $(SCALE)

report: $(RESULTS)/costs.json $(ROOT)/paper/costs.json ## render tables from the finished runs, without training
	@$(PY) -m vit report --scale $(SCALE)

.PHONY: verify again
# Code 3 of the command says that nothing is finished: no failure, since a fresh clone has nothing that could be wrong.
verify: $(RESULTS)/costs.json $(ROOT)/paper/costs.json ## name every finished cell that is OFF, without training; fail if there is one
	@$(PY) -m vit verify --scale $(SCALE) $(EXPERIMENT) || [ $$? = 3 ]

again: NAMED = $(strip $(EXPERIMENT))
again: $(READY) ## make an experiment anew and print how far each mean moved: make again EXPERIMENT=table5
	@[ -n "$(NAMED)" ] || { echo "error: no experiment is named; make again EXPERIMENT=table5" >&2; exit 2; }
	@[ -f $(RESULTS)/$(NAMED).csv ] || { echo "error: $(RESULTS)/$(NAMED).csv: no such file to compare with; \`make $(NAMED) SCALE=$(SCALE)\` renders it" >&2; exit 2; }
	@$(MAKE) NESTED=yes VIT_RESULTS=$(AGAIN) SCALE=$(SCALE) $(NAMED)
	@$(PY) -m vit again --scale $(SCALE) $(NAMED) --other $(AGAIN)

$(ROOT)/%/costs.json: $(wildcard vit/models/*.py) vit/run/costs.py $(GRID)
	@$(PY) -m vit cost --write $*

.DEFAULT:
	@echo "error: '$@' is neither a target nor an experiment (experiments/$@.yaml); \`make help\` lists both" >&2; exit 2

.PHONY: new-ablation
new-ablation: $(READY) ## write experiments/ablations/NAME.yaml, which runs as it is: make new-ablation NAME=x
	@$(PY) -m vit new-ablation -- '$(subst ','\'',$(strip $(NAME)))'

.PHONY: plan memory status tensorboard
plan: $(RESULTS)/costs.json ## what would be trained: runs, images, FLOPs, time, disk; EXPERIMENT=x: what x adds
	@$(PY) -m vit plan --scale $(SCALE) --jobs $(JOBS)$(if $(strip $(EXPERIMENT)), --experiment $(strip $(EXPERIMENT)))$(if $(CLUSTER), --cluster $(CLUSTER))

memory: $(RESULTS)/costs.json ## memory of a device that each kind of training takes; EXPERIMENT=x: of x; CLUSTER=x: on the devices of x
	@$(PY) -m vit memory --scale $(SCALE)$(if $(strip $(EXPERIMENT)), --experiment $(strip $(EXPERIMENT)))$(if $(CLUSTER), --cluster $(CLUSTER))

status: ## count finished, running and missing runs
	@$(PY) -m vit status --scale $(SCALE)

.PHONY: cancel retry
cancel: $(READY) ## end the Slurm jobs of this scale that this checkout has submitted, and no others
	@$(PY) -m vit cancel --scale $(SCALE)

retry: $(READY) ## submit again what failed: make retry CLUSTER=NAME; without CLUSTER the same make table5 tries again
	@[ -n "$(CLUSTER)" ] || { echo "error: no cluster is named; make retry CLUSTER=NAME" >&2; exit 2; }
	@runs=$$($(PY) -m vit failed --scale $(SCALE)) && { [ -z "$$runs" ] || $(MAKE) NESTED=yes $$(printf '$(RUNS)/%s/metrics.json ' $$runs); }

tensorboard: ## tables, numbers and curves in a browser; it prints the address of the page that explains them
	@echo 'the first page: http://localhost:6006/#text&regexInput=%5Ecells%24 (6006: or the port that is printed below)'
	@$(PY) -m tensorboard.main --logdir $(RESULTS)

# ----------------------------------------------------------------------------------------------------------- development
.PHONY: test bench bench-data bench-report lint format clean
test: $(READY) ## run the tests, one process per core
	@OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

bench: $(READY) bench-data bench-report ## speed and memory beside timm, to results/bench/; options: BENCH="--models ViT-S/16 --batch 4"
	@$(PY) -m bench $(BENCH)

bench-data: $(READY) ## the data part of it: torchvision's pipelines, tar archives, fractals
	@$(PY) -m bench.data && $(PY) -m bench.archives && $(PY) -m bench.fractals

bench-report: $(READY) ## the part of tables and pictures: 10,000 finished runs, planned and rendered
	@$(PY) -m bench.report

lint: $(READY) ## check style and mistakes with ruff
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: $(READY) ## format the code with ruff
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

# Rendered files belong to an experiment; where its YAML is gone, NAME.md is not in git and NAME.csv lies beside it. A file of
# results/paper that is alone, such as a CSV that nobody has committed yet, is nothing that was rendered.
gone     = $(foreach file,$(shell git ls-files --others -- ':(glob)$(RESULTS)/*.md' 2>/dev/null || ls $(RESULTS)/*.md 2>/dev/null),$(if $(wildcard $(file:.md=.csv)),$(notdir $(basename $(file)))))
rendered = $(foreach name,$(basename $(notdir $(wildcard experiments/*.yaml experiments/ablations/*.yaml))) $(gone),$(addprefix $(RESULTS)/$(name).,md csv svg png))

clean: ## remove this scale's rendered tables and pages, committed ones too (git restores those), never its runs
	@rm -rf $(addprefix $(RESULTS)/,index.html costs.json grid.mk cluster.mk plan.json checked cells) $(rendered)
