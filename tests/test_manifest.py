"""Running steps: what runs, what is recorded, what a failure leaves."""

import json
import os
from functools import partial
from pathlib import Path

import pytest

from geo_risk import manifest
from geo_risk.errors import InputError, RegionError, SettingsError, SeveralErrors
from geo_risk.manifest import Step, run_steps
from geo_risk.settings import load_settings


class Chain:
    """a.txt -> upper -> build/upper.txt -> double -> build/double.txt; `ran` lists what ran."""

    def __init__(self, folder: Path):
        self.folder, self.ran, self.factor, self.fail = folder, [], 2, False
        (folder / "a.txt").write_text("ab")

    def steps(self, build: Path) -> list[Step]:
        upper, double = build / "upper.txt", build / "double.txt"

        def run_upper():
            self.ran.append("upper")
            upper.write_text((self.folder / "a.txt").read_text().strip().upper())

        def run_double():
            self.ran.append("double")
            if self.fail:
                raise InputError("no")
            double.write_text(upper.read_text() * self.factor)

        return [
            Step("upper", run_upper, (self.folder / "a.txt",), (upper,), None, ("errors.py",)),
            Step("double", run_double, (upper,), (double,), {"factor": self.factor}, ("errors.py",)),
        ]

    def run(self, *only: str) -> list[str]:
        self.ran = []
        run_steps(self.folder, self.steps, only=only)
        return self.ran


@pytest.fixture
def chain(tmp_path):
    return Chain(tmp_path)


def test_second_run_does_nothing(chain):
    assert chain.run() == ["upper", "double"]
    assert (chain.folder / "build" / "double.txt").read_text() == "ABAB"
    before = (chain.folder / "build" / "manifest.json").read_bytes()
    assert chain.run() == []
    assert (chain.folder / "build" / "manifest.json").read_bytes() == before


def test_a_changed_input_reruns_only_what_its_output_changes(chain):
    chain.run()
    (chain.folder / "a.txt").write_text("cd")
    assert chain.run() == ["upper", "double"]
    (chain.folder / "a.txt").write_text("cd\n")  # another file, the same output
    assert chain.run() == ["upper"]


def test_settings_rerun_the_steps_that_depend_on_them(chain):
    chain.run()
    chain.factor = 3
    assert chain.run() == ["double"]
    assert (chain.folder / "build" / "double.txt").read_text() == "ABABAB"


def test_a_damaged_output_is_made_again(chain):
    chain.run()
    (chain.folder / "build" / "double.txt").write_text("x")
    assert chain.run() == ["double"]


def test_a_failure_leaves_the_old_results_and_the_next_run_resumes(chain):
    chain.run()
    (chain.folder / "a.txt").write_text("cd")
    chain.fail = True
    with pytest.raises(InputError):
        chain.run()
    assert (chain.folder / "build" / "upper.txt").read_text() == "AB"
    assert (chain.folder / "build" / "double.txt").read_text() == "ABAB"
    chain.fail = False
    assert chain.run() == ["double"]  # "upper" was finished before the failure
    assert (chain.folder / "build" / "double.txt").read_text() == "CDCD"


def test_a_swap_killed_half_way_is_mended(chain):
    chain.run()
    (chain.folder / "build").rename(chain.folder / ".build-old")
    assert chain.run() == []
    assert (chain.folder / "build" / "double.txt").read_text() == "ABAB"


def test_only_runs_a_step_and_what_it_needs(chain):
    assert chain.run("upper") == ["upper"]
    assert chain.run("double") == ["double"]
    with pytest.raises(RegionError, match=r"no step 'doubel'.*upper, double"):
        chain.run("doubel")


def test_results_of_steps_that_are_gone_are_removed(chain):
    chain.run()
    steps = chain.steps
    chain.steps = lambda build: steps(build)[:1]
    (chain.folder / "a.txt").write_text("new")
    chain.run()
    assert not (chain.folder / "build" / "double.txt").exists()
    assert "double" not in json.loads((chain.folder / "build" / "manifest.json").read_text())["steps"]


def test_another_run_at_work_is_refused(chain):
    (chain.folder / ".run.lock").write_text("1")  # process 1 always lives
    with pytest.raises(RegionError, match="another run"):
        chain.run()


def test_a_step_outside_comes_after_the_results_took_their_place(tmp_path):
    """It reads build/ itself, runs every time, and its failure leaves the new results."""
    chain, seen, down = Chain(tmp_path), [], []

    def steps(build):
        def mirror():
            if down:
                raise InputError("the database is down")
            seen.append((build.name, (build / "double.txt").read_text()))

        return [
            *chain.steps(build),
            Step("mirror", mirror, (build / "double.txt",), (), None, ("errors.py",), True, True),
        ]

    run_steps(tmp_path, steps)
    run_steps(tmp_path, steps)
    assert seen == [("build", "ABAB")] * 2
    (tmp_path / "a.txt").write_text("cd")
    down.append(1)
    with pytest.raises(InputError, match="is down"):
        run_steps(tmp_path, steps)
    assert (tmp_path / "build" / "double.txt").read_text() == "CDCD"
    assert not (tmp_path / ".build-next").exists()
    down.clear()
    assert [r.state for r in run_steps(tmp_path, steps, only=["mirror"])] == ["unchanged", "unchanged", "ran"]
    assert seen[-1] == ("build", "CDCD")
    run_steps(tmp_path, steps, only=["double"])
    assert len(seen) == 3


def test_steps_apart_run_in_processes_and_one_that_fails_leaves_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "_MUCH", 0)
    source = tmp_path / "a.txt"
    source.write_text("ab")

    def steps(build):
        code = ("errors.py",)
        pids = [
            Step(f"of {n}", partial(_write_pid, build / n), (source,), (build / n,), None, code, apart=True)
            for n in "xy"
        ]
        load = partial(load_settings, tmp_path / "region.toml")
        return [*pids, Step("settings", load, (source,), (build / "z",), None, code, apart=True)]

    with pytest.raises(SettingsError, match=r"region\.toml"):
        run_steps(tmp_path, steps)
    staged = tmp_path / ".build-next"
    processes = [(staged / n).read_text() for n in "xy"]
    assert str(os.getpid()) not in processes
    with pytest.raises(SettingsError):
        run_steps(tmp_path, steps)
    assert [(staged / n).read_text() for n in "xy"] == processes  # not run again


def _write_pid(path: Path) -> None:
    path.write_text(str(os.getpid()))


def two_inputs(folder: Path, build: Path, ran: list[str]) -> list[Step]:
    """x.txt and y.txt -> one step each; a third needs x's result, a fourth no file of the user's."""

    def take(name: str):
        def run():
            ran.append(name)
            text = (folder / f"{name}.txt").read_text()
            if text == "bad":
                raise InputError(f"{name}.txt is bad")
            (build / f"{name}.out").write_text(text)
            (build / "more" / name).mkdir(parents=True, exist_ok=True)
            if text != "none":
                (build / "more" / name / f"{text}.csv").write_text(text)

        return run

    def rest(name: str):
        return lambda: (ran.append(name), (build / f"{name}.out").write_text("z"))

    code = ("errors.py",)
    inputs = [
        Step(n, take(n), (folder / f"{n}.txt",), (build / f"{n}.out",), None, code, folders=(build / "more" / n,))
        for n in ("x", "y")
    ]
    both = Step("both", rest("both"), (folder / "y.txt", build / "x.out"), (build / "both.out",), None, code)
    later = Step("later", rest("later"), (build / "y.out",), (build / "later.out",), None, code)
    return [*inputs, both, later]


def test_every_bad_input_is_told_and_nothing_else_runs(tmp_path):
    (tmp_path / "x.txt").write_text("bad")
    (tmp_path / "y.txt").write_text("bad")
    ran: list[str] = []
    with pytest.raises(SeveralErrors, match=r"2 problems\n1\. x\.txt is bad\n2\. y\.txt is bad"):
        run_steps(tmp_path, lambda build: two_inputs(tmp_path, build, ran))
    assert ran == ["x", "y"]
    (tmp_path / "y.txt").write_text("good")
    ran.clear()
    with pytest.raises(InputError, match=r"^x\.txt is bad$"):
        run_steps(tmp_path, lambda build: two_inputs(tmp_path, build, ran))
    assert ran == ["x", "y"]  # "both" lacks x's result; "later" could run but would only cost time
    (tmp_path / "x.txt").write_text("good")
    ran.clear()
    run_steps(tmp_path, lambda build: two_inputs(tmp_path, build, ran))
    assert ran == ["x", "both", "later"]


def test_a_steps_folder_holds_what_its_last_run_left(tmp_path):
    (tmp_path / "x.txt").write_text("one")
    (tmp_path / "y.txt").write_text("none")
    ran: list[str] = []

    def run() -> list[str]:
        ran.clear()
        run_steps(tmp_path, lambda build: two_inputs(tmp_path, build, ran))
        return [p.name for p in sorted((tmp_path / "build" / "more").rglob("*.csv"))]

    assert run() == ["one.csv"]
    assert (run(), ran) == (["one.csv"], [])
    (tmp_path / "x.txt").write_text("two")
    assert (run(), ran) == (["two.csv"], ["x", "both"])
    (tmp_path / "build" / "more" / "y" / "stray.csv").write_text("?")
    assert (run(), ran) == (["two.csv"], ["y"])
    (tmp_path / "x.txt").write_text("none")
    assert run() == []
