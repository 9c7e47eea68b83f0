import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import geo_risk
from geo_risk.parallel import map_ordered


def test_order_and_values_are_those_of_the_plain_loop():
    assert map_ordered(math.sqrt, [9, 4, 1]) == [3, 2, 1]
    assert map_ordered(math.sqrt, []) == []


def test_processes_give_the_same_in_the_same_order():
    # The first item is the slowest, so finishing order differs from item order.
    assert map_ordered(time.sleep, [0.2, 0.0, 0.1], workers=2) == [None, None, None]
    assert map_ordered(math.factorial, [20000, 1, 5], workers=2)[1:] == [1, 120]


def test_progress_is_told_after_each_item():
    seen = []
    map_ordered(abs, [-1, -2], progress=lambda fraction, message: seen.append((fraction, message)))
    assert seen == [(0.5, "1 of 2"), (1.0, "2 of 2")]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_of_an_item_reaches_the_caller(workers):
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        map_ordered(math.sqrt, [1, -1], workers=workers)


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "print('begun')\nimport math\nfrom geo_risk.parallel import map_ordered\n"
        "print(map_ordered(math.sqrt, [1, 4], workers=2))\n"
    )
    paths = os.pathsep.join([str(Path(geo_risk.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert (ran.stdout.splitlines(), ran.returncode) == (["begun", "[1.0, 2.0]"], 0), ran.stderr
