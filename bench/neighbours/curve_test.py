import math

import pytest

from neighbours import curve


def test_efforts_that_are_beaten_are_dropped():
    points = [(0.9, 100), (0.95, 120), (0.99, 50), (0.98, 50), (0.99, 40)]
    assert curve.frontier(points) == [(0.95, 120), (0.99, 50)]


def test_a_measured_recall_gives_its_own_rate():
    points = [(0.8, 1000), (0.95, 400), (0.99, 100)]
    assert curve.rate_at(points, 0.95) == pytest.approx(400)
    assert curve.rate_at(points, 0.99) == pytest.approx(100)


def test_between_points_both_logarithms_are_straight():
    # The error falls tenfold while the rate falls fourfold: halfway means twofold.
    points = [(0.9, 400), (0.99, 100)]
    halfway = 1 - math.sqrt(0.1 * 0.01)
    assert curve.rate_at(points, halfway) == pytest.approx(200)
    assert 100 < curve.rate_at(points, 0.95) < 400


def test_the_order_of_the_points_does_not_matter():
    points = [(0.99, 100), (0.9, 400), (0.8, 900)]
    assert curve.rate_at(points, 0.97) == curve.rate_at(points[::-1], 0.97)


def test_nothing_is_extrapolated():
    assert curve.rate_at([(0.9, 400)], 0.95) is None
    assert curve.rate_at([(0.96, 400), (0.99, 100)], 0.9) == 400
    assert curve.rate_at([], 0.9) is None


def test_perfect_recall_is_a_point_like_others():
    assert curve.rate_at([(1.0, 7)], 0.99) == 7
    assert 7 < curve.rate_at([(0.9, 70), (1.0, 7)], 0.99) < 70
    assert curve.rate_at([(0.999995, 9), (1.0, 7)], 0.999999) == 7
