"""The list of major hidden dangers: spread over the firms, more at those with hazards, and crowded in one quarter."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from .firms import Firms
from .hazards import Hazards
from .plan import DATE, Plan
from .rng import shuffled, stream

_TROUBLES = (
    "可燃气体报警器失效",
    "安全仪表系统未投用",
    "防火堤破损",
    "应急通道被占用",
    "特种作业人员无证上岗",
    "涉粉除尘系统未接地",
    "液氨快速切断阀故障",
)
_TODAY = date.fromisoformat(DATE)
_QUARTER_M = 1500.0  # radius of the crowded quarter
_SPREAD, _CROWDED = 180, 45  # rows of the documented city


def make_dangers(plan: Plan, firms: Firms, hazards: Hazards) -> tuple[list[dict], dict]:
    """Rows in id order, and what was put in on purpose: ids ``crowded``, ``contradictory``; the quarter."""
    rng = stream(plan.seed, "hidden dangers")
    row_of = {name: k for k, name in enumerate(firms.id)}
    owners = [row_of[row["firm"]] for row in hazards.units if row["first"] and row["firm"] in row_of]
    count = plan.count(_SPREAD, 12)
    at_owners = [owners[k] for k in shuffled(rng, len(owners))[: count // 3].tolist()]
    anywhere = (rng.random(count - len(at_owners)) * len(firms.id)).astype(int).tolist()
    middle, quarter = _quarter(rng, firms)
    crowded = [int(quarter[k]) for k in shuffled(rng, len(quarter))[: plan.count(_CROWDED, 12)]]
    rows = [_row(rng, firms, k, 0.72) for k in (*at_owners, *anywhere)]
    rows += [_row(rng, firms, k, 0.25) for k in crowded]
    order = shuffled(rng, len(rows)).tolist()
    for n, k in enumerate(order):
        rows[k]["id"] = f"YH{n + 1:03d}"
    first = len(rows) - len(crowded)
    wrong = [rows[0], rows[1]]
    rows[0] |= {"state": "已整改", "closed": "2025-01-05", "found": "2025-03-02", "due": "2025-04-01"}
    rows[1] |= {"due": "2025-02-01", "found": "2025-05-20"}
    told = {
        "crowded": sorted(row["id"] for row in rows[first:]),
        "contradictory": sorted(row["id"] for row in wrong),
        "middle": [round(float(v), 2) for v in middle],
        "radius_m": _QUARTER_M,
        "as_of": DATE,
    }
    return [rows[k] for k in order], told


def _quarter(rng, firms: Firms) -> tuple[np.ndarray, np.ndarray]:
    """A firm with many around it, and these."""
    for k in shuffled(rng, len(firms.id)).tolist():
        near = np.flatnonzero(np.hypot(*(firms.xy - firms.xy[k]).T) < _QUARTER_M)
        if 80 <= len(near) <= 400:
            return firms.xy[k], near
    return firms.xy[0], np.argsort(np.hypot(*(firms.xy - firms.xy[0]).T), kind="stable")[:80]


def _row(rng, firms: Firms, k: int, done_share: float) -> dict:
    """One danger: found within 18 months; most are put right in time, some late, some not yet."""
    found = _TODAY - timedelta(days=int(rng.random() * 540))
    term = (15, 30, 60, 90, 120)[int(rng.random() * 5)]
    due = found + timedelta(days=term)
    closed = found + timedelta(days=3 + int(rng.random() * term * 1.25))
    done = rng.random() < done_share and closed <= _TODAY
    word = ("未整改", "整改中", "逾期" if due < _TODAY else "整改中")[int(rng.random() * 3)]
    return {
        "name": _TROUBLES[int(rng.random() * len(_TROUBLES))],
        "firm": firms.id[k],
        "firm_name": firms.name[k],
        "found": found.isoformat(),
        "due": due.isoformat(),
        "closed": closed.isoformat() if done else "",
        "state": "已整改" if done else word,
        "supervised": "是" if rng.random() < 0.08 else "否",
        "xy": firms.xy[k],
    }
