"""
Location models against spopt (PuLP with CBC) on the same questions, in one process: seconds, ratios, equal optima.

    python -m pip install spopt
    python benchmarks/bench_location.py [SITES] [DEMANDS]

Sites and demands are drawn in a square of 30 minutes from a fixed seed; weights are 1 to 99. spopt's p-center and
p-median are given 90 s each and counted as that where they take longer.
"""

import sys
import time

import numpy as np
import pulp
from spopt.locate import LSCP, MCLP, PCenter, PMedian

from geo_risk.routing.location import Sites, lscp, mclp, p_center, p_median

P = 10
SECONDS = 90


def drawn(n, d, seed=3):
    """(minutes (N, D), weight (D,))."""
    rng = np.random.default_rng(seed)
    at, to = rng.uniform(0, 30, (n, 2)), rng.uniform(0, 30, (d, 2))
    return np.hypot(*(at[:, None] - to[None]).T).T, rng.integers(1, 100, d).astype(float)


def timed(call):
    before = time.perf_counter()
    result = call()
    return time.perf_counter() - before, result


def main() -> None:
    n, d = (int(v) for v in (*sys.argv[1:], 50, 5000)[:2]) if len(sys.argv) > 1 else (50, 5000)
    minutes, weight = drawn(n, d)
    sites, costs = Sites(n), np.ascontiguousarray(minutes.T)
    solver = pulp.PULP_CBC_CMD(msg=False, timeLimit=SECONDS)
    far = float(minutes.min(axis=0).max()) * 1.1
    pairs = {
        "mclp, 4 min": (
            lambda: mclp(minutes, 4.0, weight, P, sites).value,
            lambda: MCLP.from_cost_matrix(costs, weight, 4.0, p_facilities=P).solve(solver).problem.objective.value(),
        ),
        f"lscp, {far:.1f} min": (
            lambda: lscp(minutes, far, sites).value,
            lambda: LSCP.from_cost_matrix(costs, far).solve(solver).problem.objective.value(),
        ),
        "p-center": (
            lambda: p_center(minutes, P, sites).value,
            lambda: PCenter.from_cost_matrix(costs, p_facilities=P).solve(solver).problem.objective.value(),
        ),
        "p-median": (
            lambda: p_median(minutes, weight, P, sites, cap=1e9).value,
            lambda: PMedian.from_cost_matrix(costs, weight, p_facilities=P).solve(solver).problem.objective.value(),
        ),
    }
    small, few = drawn(5, 20)
    for warm in (lambda: mclp(small, 4.0, few, 2, Sites(5)), lambda: p_median(small, few, 2, Sites(5), cap=60.0)):
        warm()  # compiled once
    print(f"{n} sites, {d} demands, p = {P}")
    for name, (ours, theirs) in pairs.items():
        seconds, value = timed(ours)
        try:
            other, best = timed(theirs)
        except RuntimeError as error:  # stopped by its time limit without an optimum
            other, best = float(SECONDS), f"none: {str(error).split('.')[0]}"
        print(f"{name:16} {seconds:8.3f} s {value:14.4f} | spopt {other:8.3f} s {best} | {other / seconds:8.1f} x")


if __name__ == "__main__":
    main()
