"""Tables of results: one Markdown file a set, and an index of all that lie in a folder.

Results are kept beside the table as JSON, from which tables and plots can be made again.
"""

import dataclasses
import json
import math

from . import curve, machine
from .rounds import Point, Result

TARGETS = (0.90, 0.95, 0.99)
BATCH_TARGETS = (0.95, 0.99)
OURS = "simile"
# CPU seconds a second beyond which a search on one thread has used more than one.
_MORE_THAN_ONE = 1.2

METHOD = """\
Queries a second at recall@10, interpolated between the measured efforts. *One*: one query a call
from Python, one thread; the call itself, about half a microsecond to a few, counts for everyone.
*Batch*: all queries in one call. Best of {passes} passes, the peers by turns. *B/vector*: growth of
the process's resident size, rows included; *build*: on {threads} threads. Recall counts an answer
no further than the true 10th neighbour plus 1e-5 of its distance; - : not reached, or no such call.
"""


def save(path, the_set, results, plan, load):
    """Writes everything measured as JSON; `read` gives it back."""
    content = {
        "set": the_set.name,
        "rows": the_set.rows,
        "dim": the_set.dim,
        "metric": the_set.metric,
        "sha256": the_set.sha256(),
        "plan": dataclasses.asdict(plan),
        "machine": machine.describe(),
        "date": machine.today(),
        "load": load,
        "results": [dataclasses.asdict(result) for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return content


def read(path):
    """What `save` wrote and its results as Result and Point."""
    content = json.loads(path.read_text(encoding="utf-8"))
    results = []
    for given in content["results"]:
        points = [Point(**point) for point in given["points"]]
        results.append(Result(**{**given, "points": points}))
    return content, results


def number(value):
    """A rate or a size to three digits: 12,300; - where there is none."""
    if value is None or not value > 0 or math.isinf(value):
        return "-"
    digits = max(0, math.floor(math.log10(value)) - 2)
    return f"{round(value, -digits):,.0f}"


def rates(result, mode, targets):
    points = [(point.recall, getattr(point, mode)) for point in result.points]
    points = [(recall, rate) for recall, rate in points if rate > 0]
    return [curve.rate_at(points, target) for target in targets]


def row(result):
    """The cells of a peer."""
    columns = rates(result, "one", TARGETS)
    columns += rates(result, "batch", BATCH_TARGETS) + rates(result, "threads", BATCH_TARGETS)
    cells = [number(value) for value in columns]
    memory = "-" if math.isnan(result.bytes_per_row) else f"{result.bytes_per_row:,.0f}"
    build = "-" if math.isnan(result.build_seconds) else f"{result.build_seconds:,.0f} s"
    label = f"**{result.label}**" if result.peer.startswith(OURS) else result.label
    return [label, *cells, memory, build]


def headings(threads):
    targets = [f"one @{target:.2f}" for target in TARGETS]
    for name in ("batch", f"batch, {threads} threads"):
        targets += [f"{name} @{target:.2f}" for target in BATCH_TARGETS]
    return ["peer", *targets, "B/vector", "build"]


def order(result):
    """Fastest at recall 0.95 first; those that do not reach it last."""
    return -(rates(result, "one", (0.95,))[0] or 0)


def table(results, threads):
    lines = [headings(threads)]
    lines.append(["---"] + ["--:"] * (len(lines[0]) - 1))
    lines += [row(result) for result in sorted(measured(results), key=order)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def measured(results):
    return [result for result in results if result.points]


def ratios(results):
    """Simile's rates over the best of the others, a sentence; empty where one is missing."""
    ours = next((result for result in measured(results) if result.peer == OURS), None)
    others = [result for result in measured(results) if not result.peer.startswith(OURS)]
    parts = []
    for mode, name in (("one", "one at a time"), ("batch", "in a batch on one thread")):
        if not ours or not others:
            return ""
        for place, target in enumerate(BATCH_TARGETS):
            mine = rates(ours, mode, BATCH_TARGETS)[place]
            best = max(rates(other, mode, BATCH_TARGETS)[place] or 0 for other in others)
            if mine and best:
                parts.append(f"{mine / best:.2f} {name} at {target:.2f}")
    return f"Simile over the best other: {', '.join(parts)}.\n" if parts else ""


def page(content, results):
    """The Markdown page of a set."""
    plan, name = content["plan"], content["set"]
    shape = f"{content['rows']:,} x {content['dim']}, {content['metric']}"
    raw = content["dim"] * 4
    text = f"# {name}\n\n{shape}; {raw:,} bytes a vector as float32; "
    text += f"SHA-256 {content['sha256'][:16]}.\n"
    text += f"{content['machine']}; {content['date']}; load before the run {content['load']:.1f}.\n"
    text += f"\n![recall and rate]({name}.png)\n\n"
    text += table(results, plan["threads"]) + "\n" + ratios(results) + "\n"
    text += METHOD.format(passes=plan["passes"], threads=plan["threads"])
    if plan.get("clock") == "processor":
        text += "Seconds of one thread are processor time, since the machine was busy.\n"
    text += "\n"
    text += "| peer | version | settings |\n|---|---|---|\n"
    for result in measured(results):
        many = result.cpu_of_one_thread > _MORE_THAN_ONE
        more = "; used more than one thread where one was asked for" if many else ""
        more += "; built in an earlier run" if result.reused else ""
        text += f"| {result.label} | {result.version} | {result.settings}{more} |\n"
    left_out = [result for result in results if result.problem]
    if left_out:
        text += "\nLeft out, or stopped: "
        text += "; ".join(f"{result.peer} ({result.problem})" for result in left_out) + ".\n"
    return text


def index(folder):
    """Writes README.md of a folder: the table of every set in it."""
    text = "# Simile beside other libraries\n\nWritten by `make bench`; each set has a page with\n"
    text += "the settings, and its figures as JSON.\n"
    for path in sorted(folder.glob("*.json")):
        content, results = read(path)
        name = content["set"]
        text += f"\n## [{name}]({name}.md): {content['rows']:,} x {content['dim']}, "
        text += f"{content['metric']}\n\n{content['machine']}; {content['date']}.\n\n"
        text += f"![recall and rate]({name}.png)\n\n" + table(results, content["plan"]["threads"])
        text += "\n" + ratios(results)
    (folder / "README.md").write_text(text, encoding="utf-8")
