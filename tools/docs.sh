#!/usr/bin/env bash
# Writes the reference of the public headers (doxygen) to build/docs/cpp, and of the Python module
# (pdoc) to build/docs/python. Warnings of doxygen are errors: they are wrong names in comments.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/docs
doxygen - <<'CONFIG'
PROJECT_NAME = Simile
PROJECT_BRIEF = "Vector database for deep features"
INPUT = include/simile ARCHITECTURE.md
USE_MDFILE_AS_MAINPAGE = ARCHITECTURE.md
OUTPUT_DIRECTORY = build/docs
HTML_OUTPUT = cpp
GENERATE_LATEX = NO
EXTRACT_ALL = YES
JAVADOC_AUTOBRIEF = YES
SORT_MEMBER_DOCS = NO
HAVE_DOT = NO
STRIP_FROM_PATH = include
QUIET = YES
WARN_AS_ERROR = FAIL_ON_WARNINGS
CONFIG
PYTHONPATH=build/release/python .venv/bin/pdoc -o build/docs/python --no-show-source simile
echo "build/docs/cpp/index.html"
echo "build/docs/python/index.html"
