# Two commands for a fresh machine: `make demo` and `make test`. The rest are their parts.
VENV ?= .venv
PY := $(VENV)/bin/python
export OCI_CACHE ?= /var/cache/oci
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: setup test test-long check unit lint demo demo-stop cloud cloud-stop bench golden docs clean

setup: $(VENV)/.done node_modules/.done

$(VENV)/.done: setup.cfg constraints.txt lab/setup
	lab/setup packages
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[test]'
	touch $@

node_modules/.done: package.json package-lock.json $(VENV)/.done
	npm ci --silent --no-audit --no-fund
	touch $@

# Files are shared between three processes, the longest first: on two processors, since one of them mostly waits for machines.
test: setup lint
	$(PY) -m pytest -q -m 'not long' -n 3 --dist loadfile --no-loadscope-reorder

test-long: setup
	$(PY) -m pytest -q -m long

check: setup lint
	$(PY) -m pytest -q -m 'not real and not lab and not long'

unit: setup
	$(PY) -m pytest -q tests/unit

lint: setup
	$(VENV)/bin/ruff check -q oci webui lab tests docs migrations
	$(VENV)/bin/ruff format -q --check oci webui lab tests docs migrations
	$(VENV)/bin/mypy oci webui lab

demo: setup
	$(PY) -m lab.vms.demo

demo-stop:
	$(PY) -m lab.vms.demo --stop

cloud: setup
	$(PY) -m lab.clouds

cloud-stop:
	$(PY) -m lab.clouds --stop

bench: setup
	$(PY) tests/bench/run.py
	$(PY) tests/bench/seconds.py
	$(PY) tests/bench/plans.py
	$(PY) tests/bench/beside.py
	if [ "$$(id -u)" = 0 ]; then $(PY) -m tests.bench.seeding; else echo 'seeding: left out, it needs root'; fi

golden: setup
	OCI_GOLDEN=1 OCI_EXAMPLES=1 $(PY) -m pytest -q tests/unit tests/surface -k 'golden or openapi' || true
	git --no-pager diff --stat tests/golden

docs: setup
	$(PY) -m docs.generate

clean:
	rm -rf $(VENV) node_modules *.egg-info
