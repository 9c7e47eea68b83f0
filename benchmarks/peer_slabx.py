"""
Heavy gas side by side with slabx, an open re-implementation of SLAB (shallow layer; MIT licence).

    python -m venv peers && peers/bin/pip install slabx==1.0.7
    PYTHONPATH=. python benchmarks/peer_slabx.py peers/bin/python

slabx runs in its own interpreter. Prints distances to the lower flammable limit of the spills of
liquefied natural gas Burro 7 and 8, measured and by both, and seconds a release.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np

from geo_risk.analysis.consequence import clouds, dense_gas, flash_fire

# name: kg/s, s, wind at 3 m (peer), wind at 10 m, class, distance measured to 5 % (PHMSA final EA, Table 9)
TRIALS = {
    "Burro 8": (116.93, 107.0, 1.94, 2.3, "E", 455.0),
    "Burro 7": (99.46, 174.0, 8.4, 9.6, "D", 264.0),
}
LFL, UFL, FLUX_KG_M2_S, AIR_K = 0.05, 0.15, 0.167, 293.15

PEER = """
import json, sys, time
from slabx.coefficients import preset
from slabx.core.plume import run_dispersion
from slabx.core.source import EvaporatingPool
from slabx.post.concentration import concentration_field
from slabx.submodels.atmosphere import Atmosphere
from slabx.thermo.base import LegacyThermo, water_backend
from slabx.validation.field_trials import METHANE
trials, kelvin, flux, averaging, limit = json.loads(sys.argv[1])
out = {}
for name, (rate, seconds, wind, _, letter, _) in trials.items():
    begin = time.perf_counter()
    air = Atmosphere(u_ref=wind, z_ref=3.0, T=kelvin, rh=50.0, z0=2e-4, stability=letter)
    pool = EvaporatingPool(substance=METHANE, rate=rate, area=rate / flux, duration=seconds)
    path, _ = run_dispersion(pool, air, LegacyThermo(METHANE), water_backend(), x_max=2000.0, n_puff_steps=40,
                             coeffs=preset("ermak90"))
    field = concentration_field(path, air, z=1.0, t_avg=averaging, t_release=seconds)
    out[name] = [float(field.distance_to(limit)), time.perf_counter() - begin]
print(json.dumps(out))
"""


def own() -> dict[str, tuple[float, float]]:
    """Distance to the limit [m] and seconds of each trial."""
    out = {}
    for name, (rate, seconds, _, wind, letter, _) in TRIALS.items():
        begin = time.perf_counter()
        release = clouds.releases(
            np.array([rate * seconds]), np.array([seconds]), np.array([letter]), np.array([wind]), np.array(0.016042),
            dense_gas.Mixture(1.76, 1.0, 1.0), air_k=AIR_K,
        )  # fmt: skip
        table = flash_fire.flammable_tables(release, LFL, UFL, "rural")
        out[name] = float(table.reach_m[0]), time.perf_counter() - begin
    return out


def main() -> None:
    """Run both and print."""
    case = json.dumps([TRIALS, AIR_K, FLUX_KG_M2_S, flash_fire.AVERAGING_S, LFL])
    run = [sys.argv[1], "-c", PEER, case]
    peer = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    print(f"{'trial':10} {'measured':>9} {'geo_risk':>9} {'slabx':>9} {'seconds':>9} {'slabx':>9}")
    for name, (metres, seconds) in own().items():
        print(
            f"{name:10} {TRIALS[name][5]:9.0f} {metres:9.0f} {peer[name][0]:9.0f} {seconds:9.4f} {peer[name][1]:9.4f}"
        )


if __name__ == "__main__":
    main()
