# `make` lists what there is. Every target sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check test-browser test-container bench reliability simulate fuzz audit sbom golden generate format lock contract operations pictures site

PYTHON ?= python3
python := .venv/bin/python
export PYTHON
# bin/run finds a Python with pip there; the machine's may have none, or be too old.
with_pip := PATH="$(CURDIR)/.venv/path:$$PATH"

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?(.*)/  make \1\t\2/' | expand -t 24

setup: ## .venv with the locked runtime, the sandbox and the development tools
	@tools/setup

demo: setup ## the main job, end to end, against the sandbox; VERBOSE=1, PAUSE=1
	@$(with_pip) $(python) -I tools/demo.py

test: setup contract ## all tests but those that need Docker or a browser
	$(with_pip) tools/in-memory $(python) -m pytest -n 5 tests --ignore tests/container --ignore tests/browser

test-browser: setup ## the sandbox's pages, in a real browser
	@tools/setup browser
	tools/browser .cache/venvs/browser/bin/python -m pytest tests/browser

test-container: setup contract ## the image, and the actions in it, with a real Docker
	tools/docker-engine $(python) -m pytest tests/container

check: setup ## format, lint, types, generated files, shell scripts, workflows
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy
	$(python) -I tools/generate.py --check
	tools/lint

bench: setup ## figures against peers and the floor (20 min); ONLY=fetch,signing  QUICK=1  GROWTH=seconds  OUT=folder
	$(python) -m bench

golden: setup ## what runs look like, written anew; read the difference before it lands
	$(python) -m pytest -n 2 tests/look --update-golden

simulate: setup ## 200 jobs of one team at once; e.g. JOBS=40 SPENT=3000
	$(python) -m simulation $(if $(JOBS),--jobs $(JOBS)) $(if $(LIMIT),--limit $(LIMIT)) \
		$(if $(SPENT),--spent $(SPENT)) $(if $(SPEED),--speed $(SPEED)) $(if $(ONLY),--only $(ONLY))

fuzz: setup contract ## hostile texts, files and answers, new ones each time; FOR=seconds, 300 unless told
	tools/fuzz $(FOR)

audit: ## asks PyPI whether a weakness is known of anything in the locks
	@tools/audit

sbom: ## .cache/sbom.json: what an action runs with (CycloneDX); IMAGE=name for the Debian packages of an image, too
	@tools/setup audit
	@.cache/venvs/audit/bin/python -I tools/sbom.py $(IMAGE)

reliability: setup contract ## each action × each request × each fault, 40 minutes; writes docs/reliability.md; ONE_IN=8 for a sample
	$(python) -m reliability --write $(if $(ONE_IN),--one-in $(ONE_IN))

generate: setup ## action.yml, the READMEs of the actions, and the tables in the docs
	$(python) -I tools/generate.py

format: setup ## formats the code, mends what the linter can
	$(python) -m ruff format .
	$(python) -m ruff check --fix .

contract: setup ## Apple's OpenAPI document, rebuilt from its npm package
	@$(python) -I tools/contract.py

operations: contract ## the sandbox's list of the paths and methods that Apple's document has
	$(python) -I tools/operations.py

pictures: setup ## docs/pictures: job summaries of a real run, light and dark; needs Chromium
	@tools/setup browser
	@tools/setup site
	tools/browser .cache/venvs/browser/bin/python tools/pictures.py

site: setup ## the pages as a web site, in build/site/index.html
	@tools/setup site
	@.cache/venvs/site/bin/python -I tools/site.py

lock: setup ## the locks anew, from pyproject.toml
	@tools/lock

.PHONY: release release-dry-run
release: ## VERSION=1.2.3: the versions and the changelog of a release, to commit (docs/releasing.md)
	@python3 -I tools/release.py prepare "$(or $(VERSION),$(error VERSION is missing, as in: make release VERSION=1.2.3))"

release-dry-run: ## VERSION=1.2.3: all of a release that leaves nothing behind, in a clone
	@tools/release-dry-run "$(VERSION)"

.PHONY: action
action: setup ## NAME=my-action: a new action with its module, test and page
	@$(python) -I tools/scaffold.py "$(NAME)"
