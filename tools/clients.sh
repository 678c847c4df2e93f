#!/usr/bin/env bash
# Installs the clients of other projects that tests/clients runs, each pinned:
#   1. the Python packages of tools/requirements-clients.txt into .venv-clients;
#   2. the npm packages of tests/clients/node_sdk/package-lock.json, with nodejs and npm from apt
#      where there is no npm.
# A stamp holds the hash of what this depends on, so that a second run takes milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv-clients/.ready
wanted=$({ pwd; cat tools/clients.sh tools/requirements-clients.txt tools/requirements-vectordbbench.txt \
  tests/clients/node_sdk/package-lock.json; } | sha256sum)
if [ "$(cat $stamp 2>/dev/null)" = "$wanted" ] && .venv-clients/bin/python -c '' 2>/dev/null; then
  exit 0
fi

if ! command -v npm >/dev/null; then
  echo "clients: installing nodejs and npm with apt"
  root=$([ "$(id -u)" = 0 ] || echo sudo)
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends nodejs npm
fi
echo "clients: installing the Node SDK"
npm ci --prefix tests/clients/node_sdk --ignore-scripts --no-audit --no-fund --silent
echo "clients: installing tools/requirements-clients.txt into .venv-clients (1.5 GB)"
"${PYTHON:-/usr/bin/python3}" -m venv --clear .venv-clients
.venv-clients/bin/python -m pip install -q --disable-pip-version-check --no-deps \
  -r tools/requirements-clients.txt
.venv-clients/bin/python -m pip install -q --disable-pip-version-check --no-deps \
  --target .venv-clients/pymilvus-later -r tools/requirements-vectordbbench.txt
echo "$wanted" > $stamp
