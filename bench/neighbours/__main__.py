"""Runs Simile and every installed peer on sets and writes tables and plots.

    python -m neighbours --sets sift,mixture-100000x128 --peers simile,symphonyqg --out build/bench

`make bench SETS=... PEERS=...` calls it with what it needs installed.
"""

import argparse
import importlib.util
import pathlib
import sys
import time

from . import machine, peers, report, rounds, sets


def words(text):
    return text.replace(",", " ").split()


def main():
    parser = argparse.ArgumentParser(
        prog="neighbours", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=words, help="default: all in SIMILE_DATA, else a mixture")
    parser.add_argument("--peers", type=words, help=f"default: all of {', '.join(peers.PEERS)}")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--threads", type=int, default=2, help="of builds and of large batches")
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--passes", type=int, default=rounds.PASSES)
    parser.add_argument("--build-limit", type=float, default=1800, help="seconds a peer may build")
    parser.add_argument("--reuse", default="", help="folder where indexes of peers are kept")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    parser.add_argument("--again", action="store_true", help="only write tables and plots again")
    options = parser.parse_args()

    if options.again:
        for path in sorted(options.out.glob("*.json")):
            publish(path)
        report.index(options.out)
        return 0

    names = options.peers or list(peers.PEERS)
    unknown = [name for name in names if name not in peers.PEERS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(peers.PEERS)}")
    try:
        found = [sets.find(name) for name in options.sets or sets.default_names()]
    except (LookupError, ValueError) as error:
        parser.error(str(error))
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()

    def say(text):
        print(f"[{time.monotonic() - start:6.0f} s] {text}", flush=True)

    for the_set in found:
        say(f"{the_set.name}: {the_set.rows:,} x {the_set.dim}, {the_set.metric}")
        plan = rounds.Plan(
            threads=options.threads,
            queries=min(options.queries, the_set.queries),
            passes=options.passes,
            build_limit=options.build_limit,
            reuse=options.reuse,
            clock=options.clock,
        )
        load = machine.load()
        results = rounds.run(the_set, names, plan, options.out / "peers.log", say)
        path = options.out / f"{the_set.name}.json"
        report.save(path, the_set, results, plan, load)
        publish(path)
        print(report.table(results, plan.threads) + "\n" + report.ratios(results), flush=True)
    report.index(options.out)
    say(f"written to {options.out}")
    return 0


def publish(path):
    """The page and the plots of a set's JSON file; without matplotlib only the page."""
    content, results = report.read(path)
    path.with_suffix(".md").write_text(report.page(content, results), encoding="utf-8")
    if importlib.util.find_spec("matplotlib"):
        from . import plots

        plots.draw(content, results, path.parent)
    else:
        print("no plots: matplotlib is not installed", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
