#!/usr/bin/env bash
# fuzz.sh BUILD SECONDS: runs every fuzz target of a build folder under libFuzzer, one after the
# other, from its corpus. New inputs go to .cache/fuzz/<target>; a crash leaves its input there and
# ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
seconds=$2
find "$build" -name '*_fuzz' -type f -executable | sort | while read -r target; do
  name=$(basename "$target")
  found=.cache/fuzz/$name
  mkdir -p "$found"
  mapfile -t corpus < <(find src -type d -name "${name}_corpus")
  echo "== $name, $seconds s"
  "$target" -max_total_time="$seconds" -artifact_prefix="$found/" -max_len=4096 \
    -rss_limit_mb=4096 -print_final_stats=1 "$found" "${corpus[@]}" 2>&1 | tail -n 12
done
