#!/usr/bin/env bash
# Installs what bench/ measures into .venv-bench, apart from the project's own .venv, and keeps
# going where a peer does not install. A stamp makes the second run free; remove it to try again.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv-bench
python=${PYTHON:-/usr/bin/python3}
stamp=$venv/.ready
wanted=$({ pwd; echo "$python" "${GLASS_SOURCE:-}"; cat bench/requirements.txt; } | sha256sum)
[ "$(cat $stamp 2>/dev/null)" != "$wanted" ] || exit 0

say() { echo "bench: $*"; }
install() {
  PIP_CONSTRAINT=$PWD/bench/constraints.txt $venv/bin/python -m pip install -q \
    --disable-pip-version-check "$@"
}

say "installing into $venv"
$venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear $venv
required=$(sed '/^# peers$/,$d; /^#/d' bench/requirements.txt)
# shellcheck disable=SC2086  # one word a package
install $required
sed '1,/^# peers$/d; /^#/d' bench/requirements.txt | while read -r line; do
  case $line in
    glass*) [ -z "${GLASS_SOURCE:-}" ] || line=$GLASS_SOURCE/python ;;
  esac
  # The required packages stay as they are: a peer that wants others is left out.
  # shellcheck disable=SC2086
  if ! install $required "$line" >$venv/last.log 2>&1; then
    say "left out, because it does not install: $line ($(grep -m 1 -i error $venv/last.log))"
  fi
done
echo "$wanted" > $stamp
