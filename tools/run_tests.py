#!/usr/bin/env python3
"""Runs the everyday suite of a build folder and counts single test cases.

    run_tests.py build/release [--no-python] [--only REGEX]

ctest starts the C++ test programs, pytest the rest. Both write JUnit files into
<build>/reports; a program that dies before it has written its file counts as one failure.
The last line is always "N passed, N failed"; the exit status is 1 if anything failed.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree


ROOT = pathlib.Path(__file__).resolve().parent.parent

# Everything, and again what talks to the server through a client, with a second version of it.
PYTEST_RUNS = [
    ("pytest", [], []),
    (
        "pytest-milvus3",
        [
            "tests/server/pymilvus_test.py",
            "tests/server/protocol_test.py",
            "tests/server/text_test.py",
        ],
        [ROOT / ".venv" / "milvus3"],
    ),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--no-python", action="store_true", help="C++ tests only")
    parser.add_argument("--only", default="", help="test programs (ctest -R) to run")
    options = parser.parse_args()

    build = options.build.resolve()
    reports = build / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir()

    passed, failed = run_ctest(build, reports, options.only)
    if not options.no_python:
        for name, arguments, path in PYTEST_RUNS:
            more_passed, more_failed = run_pytest(build, reports, name, arguments, path)
            passed, failed = passed + more_passed, failed + more_failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


def run_ctest(build, reports, only):
    # A folder makes every gtest program write <folder>/<program>.xml.
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{reports}/", GTEST_BRIEF="1")
    jobs = str(os.cpu_count() or 1)
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "-j", jobs]
    command += ["--output-junit", str(reports / "ctest.junit"), "--no-tests=error"]
    if only:
        command += ["-R", only]
    if "SIMILE_TORTURE" in environment:
        command += ["--timeout", str(24 * 3600)]
    status = subprocess.run(command, env=environment).returncode

    passed = failed = failed_programs = 0
    for case in cases_of(reports / "ctest.junit"):
        failed_programs += case.get("status") == "fail"
    for file in reports.glob("*.xml"):
        for case in cases_of(file):
            passed, failed = add(case, passed, failed)
    # Programs without gtest count once each; so do those that failed and say nothing themselves.
    for case in cases_of(reports / "ctest.junit"):
        if not (reports / f"simile_{case.get('name')}_test.xml").exists():
            passed, failed = add(case, passed, failed)
    if status != 0 and failed < max(failed_programs, 1):
        failed = max(failed_programs, 1)
    return passed, failed


def run_pytest(build, reports, name, arguments, path):
    environment = dict(os.environ, SIMILE_BUILD=str(build))
    environment["PYTHONPATH"] = os.pathsep.join(map(str, [*path, build / "python"]))
    report = reports / f"{name}.junit"
    # Most of these tests wait for servers and programs. Those of one file share their server.
    workers = str((os.cpu_count() or 1) + 1)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
    command += ["-n", workers, "--dist", "loadfile", *arguments]
    status = subprocess.run(command, env=environment).returncode
    passed = failed = 0
    for case in cases_of(report):
        passed, failed = add(case, passed, failed)
    if status != 0 and failed == 0:
        failed = 1
    return passed, failed


def cases_of(report):
    """The test cases of a JUnit file, none where it is missing or cut short."""
    try:
        return ElementTree.parse(report).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        return []


def add(case, passed, failed):
    if case.find("failure") is not None or case.find("error") is not None:
        return passed, failed + 1
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return passed, failed
    return passed + 1, failed


if __name__ == "__main__":
    sys.exit(main())
