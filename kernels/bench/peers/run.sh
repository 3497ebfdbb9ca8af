#!/usr/bin/env bash
# Installs the peers (OpenVINO, CTranslate2) into a venv of their own, makes the models, and compares.
# Usage: kernels/bench/peers/run.sh [compare.py's options]. Needs `make build`; 6 GB of disk.
set -euo pipefail
cd "$(dirname "$0")/../../.."
venv=.cache/peers/venv
if [ ! -e "$venv/.installed" ]; then
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r kernels/bench/peers/requirements.txt
  touch "$venv/.installed"
fi
"$venv/bin/python" kernels/bench/peers/make_models.py .cache/peers/models
exec "$venv/bin/python" kernels/bench/peers/compare.py .cache/peers/models \
  "${HEROSWEEP_BENCH_MODEL:-build/release/herosweep_bench_model}" "$@"
