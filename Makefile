# Everything is made in a virtual environment of the project's own; PYTHON and VENV may be given.
PYTHON ?= python3
VENV ?= .venv
TESTS ?=
BENCH ?= --resume
DOCS ?=
TEXTURES ?= textures
RECORDINGS ?=
PORT ?= 8000
QM7 ?= qm7.mat
RESULTS := benchmarks/results
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

PACKAGES := demo/node_modules/.package-lock.json

.PHONY: distill test lint docs demo demo-files filters tables bench experiments clean

distill: $(INSTALLED)  ## distil the scattering transform and write filters, pictures and errors into runs/distill
	$(BIN)/keras-scatter distill --out runs/distill --resume

test: $(INSTALLED)  ## run the tests on KERAS_BACKEND (default: tensorflow); options of pytest in TESTS
	$(BIN)/python -m pytest $(TESTS) --numprocesses=auto --maxprocesses=4 --dist=worksteal

lint: $(INSTALLED)  ## style, and the annotations of what is public
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(INSTALLED)  ## build the documentation site into build/docs; DOCS="-D plot_gallery=0" does not run the gallery
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html $(DOCS) docs build/docs
	$(BIN)/python tools/pages.py build/docs

demo: demo-files  ## build the browser demo and serve it on http://localhost:8000, or another PORT, to this machine alone
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/demo $(PORT)

demo-files: $(INSTALLED) $(PACKAGES)  ## build the browser demo into build/demo, for any web server
	KERAS_BACKEND=tensorflow $(BIN)/python demo/build.py

filters: $(INSTALLED)  ## make the shipped filter groups again (hours; needs CIFAR-10, see TFDS_DATA_DIR, and a folder tiny_imagenet)
	$(BIN)/python tools/shipped.py

tables: $(INSTALLED)  ## write the tables of READMEs and documentation from the result files, and their pictures
	$(BIN)/python tools/tables.py README.md docs/*.md saved_filters/README.md benchmarks/experiments.md
	$(BIN)/keras-scatter filters morlet_o2 --out saved_filters/morlet_o2.png --overwrite
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python tools/pictures.py

bench: $(INSTALLED)  ## measure all backends and other programs side by side (hours); an interrupted run goes on
	$(BIN)/python -m pip install --quiet --editable '.[plots,jax,torch]'
	$(BIN)/keras-scatter bench --out $(RESULTS)/cpu.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads 1x1x2048x2048-J4-o2 --repetitions 3 --programs exact-tensorflow exact-jax \
		exact-torch faithful-tensorflow --out $(RESULTS)/large.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads 128x3x32x32-J2-o2 16x3x128x128-J2-o2 8x3x224x224-J3-o1 1x3x224x224-J2-o2 \
		--programs exact-tensorflow exact-jax exact-torch faithful-tensorflow faithful-jax faithful-torch \
		faithful-tensorflow-bfloat16 faithful-torch-bfloat16 --out $(RESULTS)/student.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads scaling --programs exact-tensorflow faithful-tensorflow paper-tensorflow \
		kymatio-torch --out $(RESULTS)/scaling.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads 128x3x32x32-J2-o2 16x3x128x128-J2-o2 --programs dtcwt-tensorflow dtcwt-jax \
		dtcwt-torch scatlayerj2 --out $(RESULTS)/dual_tree.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads 128x3x32x32-J1-o1 32x64x32x32-J1-o1 8x64x64x64-J1-o1 --programs \
		invariant-tensorflow invariant-jax invariant-torch conv-tensorflow conv-jax conv-torch scatlayer \
		--out $(RESULTS)/layers.json $(BENCH)
	for backend in tensorflow jax; do KERAS_BACKEND=$$backend $(BIN)/python benchmarks/memory_growth.py \
		--out $(RESULTS)/memory_growth-$$backend.json; done
	for backend in tensorflow jax torch; do KERAS_BACKEND=$$backend $(BIN)/python benchmarks/exports.py \
		--out $(RESULTS)/exports-$$backend.json; done
	KERAS_BACKEND=tensorflow $(BIN)/python benchmarks/runtimes.py --out $(RESULTS)/runtimes.json
	for backend in tensorflow jax torch; do KERAS_BACKEND=$$backend $(BIN)/python benchmarks/sampled_loss.py \
		--out $(RESULTS)/sampled_loss-$$backend.json; done
	$(BIN)/keras-scatter bench --workloads signals --repetitions 3 --out $(RESULTS)/signals.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads 1x1x256x256-J6-o2-L4 --repetitions 3 --programs covariance-tensorflow \
		covariance-jax covariance-torch covariance-plain --out $(RESULTS)/covariance.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads volumes --repetitions 3 --programs exact3d-tensorflow exact3d-jax \
		exact3d-torch kymatio3d-torch --out $(RESULTS)/volumes.json $(BENCH)
	$(BIN)/keras-scatter bench --workloads time-frequency --repetitions 3 --programs joint-tensorflow joint-jax \
		joint-torch joint-plain --out $(RESULTS)/time_frequency.json $(BENCH)

experiments: $(INSTALLED)  ## repeat the experiments whose results are committed, where they are not there (hours; see filters; TEXTURES: pictures by class, RECORDINGS: spoken digits, QM7: its file)
	test -f $(RESULTS)/frontier.json || $(BIN)/keras-scatter frontier --dataset cifar10 --held-out 1000 \
		--repetitions 51 --out $(RESULTS)/frontier.json
	$(BIN)/keras-scatter reproduce table1 --dataset tiny_imagenet --out $(RESULTS)/table1 --resume
	$(BIN)/keras-scatter reproduce fig3 --out $(RESULTS)/fig3 --resume
	$(BIN)/keras-scatter reproduce fig4 --out $(RESULTS)/fig4 --resume
	$(BIN)/keras-scatter reproduce fig5 --out $(RESULTS)/fig5 --resume
	$(BIN)/keras-scatter reproduce fig6 --out $(RESULTS)/fig6 --resume
	$(BIN)/keras-scatter reproduce fig7 --dataset tiny_imagenet --out $(RESULTS)/fig7 --resume
	$(BIN)/keras-scatter reproduce generalisation --resume \
		--dataset tiny_imagenet --epochs 10 --images 10000 --out $(RESULTS)/generalisation
	$(BIN)/keras-scatter reproduce table2 --resume --out $(RESULTS)/table2
	$(BIN)/keras-scatter reproduce downstream --resume --out $(RESULTS)/downstream
	$(BIN)/keras-scatter reproduce mnist-mixing --out $(RESULTS)/mnist-mixing --resume
	$(BIN)/keras-scatter reproduce first-order-hybrids/table1 --out $(RESULTS)/first-order-hybrids/table1 --resume
	$(BIN)/python -m pip install --quiet --editable '.[detection,docs]'
	$(BIN)/keras-scatter reproduce first-order-hybrids/figure1 --only astronaut-512-J3 --only astronaut-256-J4 \
		--out $(RESULTS)/first-order-hybrids/figure1 --resume
	$(BIN)/keras-scatter reproduce first-order-hybrids/detection --out $(RESULTS)/first-order-hybrids/detection --resume
	$(BIN)/keras-scatter reproduce cifar-hybrid --width 16 --epochs 15 --images 10000 --seeds 3 \
		--out $(RESULTS)/cifar-hybrid --resume
	$(BIN)/keras-scatter reproduce few-labels/textures --folder $(TEXTURES) --only scattering-linear \
		--only covariance-linear --only hog-linear --out $(RESULTS)/few-labels/textures --resume
	$(BIN)/keras-scatter reproduce few-labels/arguments $(if $(RECORDINGS),--recordings $(RECORDINGS)) \
		--out $(RESULTS)/few-labels/arguments --resume
	$(BIN)/keras-scatter reproduce kymatio/spoken-digits $(if $(RECORDINGS),--folder $(RECORDINGS)) \
		--out $(RESULTS)/kymatio/spoken-digits --resume
	$(BIN)/keras-scatter reproduce kymatio/qm7 --file $(QM7) --out $(RESULTS)/kymatio/qm7 --resume
	$(BIN)/keras-scatter reproduce jtfs/chirps --seeds 3 --out $(RESULTS)/jtfs/chirps --resume
	$(BIN)/keras-scatter reproduce private-learning --dataset mnist --only exact-linear --epsilon 3 \
		--out $(RESULTS)/private-learning --resume

$(INSTALLED): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(PACKAGES): demo/package.json demo/package-lock.json
	npm ci --prefix demo --ignore-scripts --no-audit --no-fund
	touch $@

clean:
	rm -rf demo/node_modules $(VENV) build dist *.egg-info docs/generated docs/gallery docs/api/generated
