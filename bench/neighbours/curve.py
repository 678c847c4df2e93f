"""Queries a second at a given recall, from measured (recall, rate) points.

Efforts that another effort beats in both recall and rate are dropped. Between the two points around
the target the logarithm of the rate is interpolated along the logarithm of the error 1 - recall,
in which such curves are almost straight. Below the least recall measured the rate of that
point stands, for it meets the target; beyond the greatest there is no answer (None): nothing is
extrapolated.
"""

import math

# A recall of 1 has no logarithm of its error; this is one answer in 100,000.
_LEAST_ERROR = 1e-5


def frontier(points):
    """The points no other point beats, by ascending recall (and so descending rate)."""
    best = []
    for recall, rate in sorted(points, key=lambda point: (-point[0], -point[1])):
        if not best or rate > best[-1][1]:
            best.append((recall, rate))
    return best[::-1]


def rate_at(points, target):
    """Queries a second at recall `target`, or None if no point reaches it."""
    best = frontier(points)
    if not best or best[-1][0] < target:
        return None
    if best[0][0] >= target:
        return best[0][1]
    for (low, low_rate), (high, high_rate) in zip(best, best[1:]):
        if high >= target:
            low_error, high_error, error = (
                math.log(max(1 - recall, _LEAST_ERROR)) for recall in (low, high, target)
            )
            if low_error == high_error:
                return high_rate
            share = (low_error - error) / (low_error - high_error)
            return math.exp(math.log(low_rate) * (1 - share) + math.log(high_rate) * share)
    return None
