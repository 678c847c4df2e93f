"""Recall against rate, one picture a set: queries one at a time beside batches on one thread."""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

from . import curve  # noqa: E402
from .report import OURS, measured  # noqa: E402

_COLOURS = pyplot.get_cmap("tab20").colors


def draw(content, results, folder):
    """Writes <set>.png and <set>.svg."""
    # The same picture from the same figures, byte for byte.
    pyplot.rcParams["svg.hashsalt"] = "simile"
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 5.5), sharey=True)
    titles = {"one": "one query at a time", "batch": "batch, one thread"}
    for axis, (mode, title) in zip(axes, titles.items()):
        for place, result in enumerate(measured(results)):
            points = [(point.recall, getattr(point, mode)) for point in result.points]
            points = curve.frontier([point for point in points if point[1] > 0])
            if not points:
                continue
            ours = result.peer == OURS
            axis.plot(
                [1 - min(recall, 0.9999) for recall, _ in points],
                [rate for _, rate in points],
                label=result.label,
                color="black" if ours else _COLOURS[place % len(_COLOURS)],
                linewidth=2.5 if ours else 1.2,
                marker="o",
                markersize=4 if ours else 3,
            )
        _frame(axis, title)
    axes[0].set_ylabel("queries a second")
    axes[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
    shape = f"{content['rows']:,} x {content['dim']}, {content['metric']}"
    figure.suptitle(f"{content['set']}: {shape}; {content['date']}", fontsize=10)
    figure.tight_layout()
    figure.savefig(folder / f"{content['set']}.png", dpi=110, metadata={"Software": None})
    figure.savefig(folder / f"{content['set']}.svg", metadata={"Date": None})
    pyplot.close(figure)


def _frame(axis, title):
    """Both axes logarithmic, the error 1 - recall falling to the right."""
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.invert_xaxis()
    recalls = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
    axis.set_xticks([1 - recall for recall in recalls], [str(recall) for recall in recalls])
    axis.set_xticks([], minor=True)
    axis.set_xlabel("recall@10")
    axis.set_title(title, fontsize=10)
    axis.grid(True, which="both", linewidth=0.3)
