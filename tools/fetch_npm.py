#!/usr/bin/env python3
"""Fetches the packages of tools/npm-packages.txt into .cache/npm/NAME-VERSION, where they are not
there yet. An archive that is not the one that was tested is refused. NPM_CONFIG_REGISTRY names
another registry."""

import base64
import hashlib
import io
import os
import pathlib
import shutil
import sys
import tarfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGISTRY = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")


def fetch(name, version, wanted):
    folder = ROOT / ".cache" / "npm" / f"{name}-{version}"
    if (folder / "package.json").is_file():
        return
    address = f"{REGISTRY}/{name}/-/{name.split('/')[-1]}-{version}.tgz"
    print(f"setup: fetching {address}", flush=True)
    with urllib.request.urlopen(address, timeout=120) as answer:
        archive = answer.read()
    found = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != wanted:
        sys.exit(f"setup: {address} is not the archive of tools/npm-packages.txt: {found}")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files.getmembers():
            inside = pathlib.PurePosixPath(*pathlib.PurePosixPath(member.name).parts[1:])
            if not member.isfile() or ".." in inside.parts or inside.is_absolute():
                continue
            to = partial / inside
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(files.extractfile(member).read())
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def main():
    for line in (ROOT / "tools" / "npm-packages.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            fetch(*words)


if __name__ == "__main__":
    main()
