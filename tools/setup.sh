#!/usr/bin/env bash
# Installs what is missing to build and test Simile, and nothing else:
#   1. the Debian packages of tools/packages.txt (with `dev`, of tools/packages-dev.txt too);
#   2. a virtual environment .venv with the Python packages of tools/requirements.txt, and in
#      .venv/milvus3 the second version of a client that the server is tested with;
#   3. the packages of tools/npm-packages.txt, which become part of the page.
# A stamp in .venv holds the hash of everything this depends on, so that a second run takes
# milliseconds. PYTHON names another interpreter (3.10 or newer).
set -euo pipefail
cd "$(dirname "$0")/.."

lists=(tools/packages.txt)
requirements=(tools/requirements.txt)
stamp=.venv/.ready
if [ "${1:-}" = dev ]; then
  lists+=(tools/packages-dev.txt)
  requirements+=(tools/requirements-dev.txt)
  stamp=.venv/.ready-dev
elif [ "${1:-}" = page ]; then
  lists+=(tools/packages-page.txt)
  requirements+=(tools/requirements-page.txt)
  stamp=.venv/.ready-page
fi
python=${PYTHON:-/usr/bin/python3}

# The path is part of it: a virtual environment does not survive being moved.
wanted=$({ pwd; echo "$python"; cat tools/setup.sh "${lists[@]}" "${requirements[@]}" \
  tools/requirements-milvus3.txt tools/npm-packages.txt; } | sha256sum)
if [ "$(cat $stamp 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

say() { echo "setup: $*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "this must run as root, and there is no sudo; run it yourself, then again: $*" >&2
    exit 1
  fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"; }

install_packages() {
  local names missing
  names=$(sed 's/#.*//' "${lists[@]}")
  if ! command -v apt-get >/dev/null; then
    say "not a Debian system: install these by other means:" $names
    return
  fi
  # shellcheck disable=SC2086  # names are words
  missing=$(comm -23 <(printf '%s\n' $names | sort -u) \
    <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $names 2>/dev/null |
      sed -n 's/^installed //p' | sort -u))
  [ -n "$missing" ] || return 0
  say "installing with apt:" $missing
  # Package lists may be absent (a fresh container) or stale (packages are gone from the mirror).
  # shellcheck disable=SC2086
  apt install -y --no-install-recommends $missing || {
    say "package lists are absent or stale: updating them"
    apt update
    apt install -y --no-install-recommends $missing
  }
}

install_python_packages() {
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    say "$python is not Python 3.10 or newer; name another with PYTHON=..." >&2
    exit 1
  fi
  # Kept when it works: installing again takes a minute, checking takes a second.
  if ! .venv/bin/python -c '' 2>/dev/null || [ "$(cat .venv/.path 2>/dev/null)" != "$PWD" ]; then
    say "making the virtual environment .venv"
    "$python" -m venv --clear .venv
    pwd > .venv/.path
  fi
  say "installing ${requirements[*]} into .venv"
  .venv/bin/python -m pip install -q --disable-pip-version-check "${requirements[@]/#/-r}"
  rm -rf .venv/milvus3
  .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --target .venv/milvus3 \
    -r tools/requirements-milvus3.txt
}

install_packages
install_python_packages
# Without it everything works but one layout of the page's map.
.venv/bin/python tools/fetch_npm.py || say "the map of the page will have no UMAP"
echo "$wanted" > $stamp
say "ready"
