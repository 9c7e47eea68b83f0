"""
Jet fire and probits side by side with HyRAM+ (Sandia; GPL-3.0, therefore never imported, only run).

    python -m venv peers && peers/bin/pip install hyram==6.1
    PYTHONPATH=. python benchmarks/peer_hyram.py peers/bin/python

HyRAM+ runs in its own interpreter. Prints flow, flame length, radiated power and heat beside the
flame of a methane jet, and fatality by heat and blast, by both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from math import pi

import numpy as np

from geo_risk.analysis.consequence import discharge, jet_fire, vulnerability

PRESSURE_PA, KELVIN, HOLE_M = 60e5, 288.15, 0.020
POINTS = [(15.0, 10.0), (15.0, 20.0), (25.0, 15.0)]  # along and across the flame [m]
HEAT_W_M2, SECONDS = [10e3, 20e3, 30e3], 20.0
BLAST_PA = [20e3, 50e3, 100e3]

PEER = """
import json, sys, warnings
warnings.simplefilter("ignore")
from hyram.phys import api
from hyram.qra import probits
pressure, kelvin, hole, points, heat, seconds, blast = json.loads(sys.argv[1])
gas = api.create_fluid("methane", temp=kelvin, pres=pressure)
air = api.create_fluid("air", temp=kelvin, pres=101325.0)
places = [(x, 0.0, z) for x, z in points]
made = api.jet_flame_analysis(air, gas, hole, create_temp_plot=False, analyze_flux=True, create_flux_plot=False,
                              flux_coordinates=places)
print(json.dumps({
    "flow": float(made[3]), "radiated": float(made[4]), "length": float(made[5]), "share": float(made[6]),
    "heat": [float(v) for v in made[2]],
    "eisenberg": [float(probits.compute_thermal_fatality_prob("eis", q, seconds)) for q in heat],
    "tsao_perry": [float(probits.compute_thermal_fatality_prob("tsa", q, seconds)) for q in heat],
    "lung": [float(probits.compute_overpressure_fatality_prob("leis", p)) for p in blast],
}))
"""


def own(share: float) -> dict[str, list[float]]:
    """The same numbers by geo_risk, with the radiated share of HyRAM+."""
    z = discharge.compressibility_factor(PRESSURE_PA, KELVIN, 4.5992e6, 190.56)
    flow = discharge.gas_flow(pi / 4 * HOLE_M**2, PRESSURE_PA, KELVIN, 0.016042, 1.306, 1.0, compressibility=z)
    power = float(jet_fire.power(flow.kg_s, 50.0e6))
    along, across = np.array(POINTS).T
    heat = np.array(HEAT_W_M2)

    def death(by: str) -> list[float]:
        return vulnerability.probability(vulnerability.thermal_probit(heat, SECONDS, by=by)).tolist()

    return {
        "flow": [float(flow.kg_s)],
        "length": [float(jet_fire.length_aqt(power))],
        "radiated": [share * power],
        "heat": jet_fire.heat_flux(along, across, power, radiated=share).tolist(),
        "eisenberg": death("eisenberg"),
        "tsao_perry": death("tsao_perry"),
        "lung": vulnerability.probability(vulnerability.overpressure_probit(BLAST_PA, by="lung")).tolist(),
    }


def main() -> None:
    """Run both and print."""
    case = json.dumps([PRESSURE_PA, KELVIN, HOLE_M, POINTS, HEAT_W_M2, SECONDS, BLAST_PA])
    done = subprocess.run([sys.argv[1], "-c", PEER, case], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    peer = json.loads(done.stdout.splitlines()[-1])
    for name, values in own(peer["share"]).items():
        other = peer[name] if isinstance(peer[name], list) else [peer[name]]
        for a, b in zip(values, other, strict=True):
            print(f"{name:12} geo_risk {a:12.5g}   HyRAM+ {b:12.5g}   ratio {a / b if b else float('nan'):.3f}")


if __name__ == "__main__":
    main()
