"""A server of the page, and what it is given."""

import io
import json
import re
import signal
import subprocess

import numpy

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


class Page:
    """`simile ui` on a database."""

    def __init__(self, binary, path):
        self.process = subprocess.Popen(
            [binary, "ui", "--db", path, "--no-browser"], stdout=subprocess.PIPE, text=True
        )
        self.address = ADDRESS.search(self.process.stdout.readline())[0]

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.stdout.close()
        return self.process.wait(600)


def run(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def picture(seed, kind="PNG", size=(96, 72)):
    """A picture that differs from the others: coloured blocks."""
    from PIL import Image

    blocks = numpy.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(blocks).resize(size).save(out, kind)
    return out.getvalue()


def rows(count, dim=16, groups=6):
    """Lines of JSON in groups that lie apart."""
    random = numpy.random.default_rng(5)
    centres = random.normal(size=(groups, dim)) * 3
    names = ["cat", "dog", "bird", "fish", "tree", "猫"]
    for i in range(count):
        group = i % groups
        vector = centres[group] + random.normal(size=dim)
        yield json.dumps(
            {"id": i, "vector": vector.round(4).tolist(), "label": names[group],
             "year": 1990 + i % 35, "title": f"a {names[group]} number {i}"},
            ensure_ascii=False,
        )
