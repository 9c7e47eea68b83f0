"""What `explain` tells adds up: parts by source and by outcome sum to the map, at a thousand random places."""

import numpy as np
import pytest
from qra_city import GRID, model

from geo_risk.analysis.qra.model import lsir_shares, lsir_surface, outcome_shares
from geo_risk.analysis.qra.points import lsir_points


def test_a_thousand_places():
    made = model()
    surface = lsir_surface(made, GRID)
    rng = np.random.default_rng(11)
    rows, cols = rng.integers(0, GRID.shape[0], 1000), rng.integers(0, GRID.shape[1], 1000)
    found = lsir_points(made, GRID.x[cols], GRID.y[rows], top=len(made.sources))
    assert (found.total > 0).sum() > 300
    assert found.part.sum(axis=1) == pytest.approx(found.total, rel=1e-9)
    assert surface[rows, cols] == pytest.approx(found.total, rel=2e-5, abs=1e-13)
    for k in np.flatnonzero(found.total > 0)[:25]:
        at = (float(GRID.x[cols[k]]), float(GRID.y[rows[k]]))
        assert lsir_shares(made, at).sum() == pytest.approx(found.total[k], rel=1e-6)
        assert outcome_shares(made, at).sum() == pytest.approx(found.total[k], rel=0.02)
