#!/usr/bin/env bash
# Installs what the build needs and is missing: Debian or Ubuntu packages, and one Python venv (.venv).
# Run again it finds everything in place and does nothing. `setup.sh lint` adds clang-format, clang-tidy and omp.h for it.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(g++ cmake ninja-build pkg-config ca-certificates python3 python3-venv catch2 libbenchmark-dev libyaml-cpp-dev
          libsqlitecpp-dev libsqlite3-dev libcli11-dev libfmt-dev nlohmann-json3-dev libssl-dev zlib1g-dev)
[ "${1:-}" = lint ] && packages+=(clang-format clang-tidy libomp-dev)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing Debian packages: ${missing[*]}"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "setup: not root, and no sudo. Ask an administrator to run: apt-get install ${missing[*]}" >&2
      exit 3
    }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The system's python3, not whatever comes first in PATH: the wheels are pinned for the distribution's version.
stamp=.venv/requirements.sha256
wanted=$(sha256sum cmake/requirements.txt | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  echo "Making .venv (LibTorch from the torch wheel, 530 MB to download)"
  /usr/bin/python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r cmake/requirements.txt || {
    echo "setup: pip could not install cmake/requirements.txt into .venv (Python $(/usr/bin/python3 -V | cut -d' ' -f2);" \
         "3.11 and 3.12 are supported). Check the network or the package index, then run make setup again." >&2
    exit 3
  }
  echo "$wanted" > "$stamp"
fi
