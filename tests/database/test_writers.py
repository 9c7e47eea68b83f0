"""Several writers, writers that are killed, servers that are killed."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

from geo_risk.database import write
from geo_risk.database.address import parse
from geo_risk.database.read import read_rows
from geo_risk.database.write import Content, replace_tables
from geo_risk.errors import InputError

pytestmark = pytest.mark.postgis

PROGRAM = textwrap.dedent(
    """
    import sys
    import pandas as pd
    from geo_risk.database.address import parse
    from geo_risk.database.write import Content, replace_tables

    url, table, value, rows, times = sys.argv[1:]
    frame = pd.DataFrame({"id": [str(i) for i in range(int(rows))], "v": int(value), "text": "x" * 200})
    print("ready", flush=True)
    for i in range(int(times)):
        replace_tables(parse(url), {table: Content("", lambda: frame)})
    """
)


def writer(server, table, value, rows, times=1):
    command = [sys.executable, "-c", PROGRAM, server.at("x"), table, str(value), str(rows), str(times)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process):
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


def test_two_writers_of_one_table_and_of_two(server):
    every = [writer(server, t, v, 2000, 5) for t, v in (("same", 1), ("same", 2), ("own", 3))]
    for process in every:
        ended(process)
    ((count, low, high),) = server("SELECT count(*), min(v), max(v) FROM @.same")
    assert (count, low) == (2000, high)
    assert server("SELECT count(*), min(v) FROM @.own") == [(2000, 3)]
    assert server("SELECT name, rows FROM @.geo_risk_contents ORDER BY name") == [("own", 2000), ("same", 2000)]


def _copying(server):
    return server("SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 1000")[0][0] > 0


def _until(condition, *arguments):
    end = time.monotonic() + 60
    while not condition(*arguments):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_writer_leaves_the_old_rows_and_no_lock(server):
    ended(writer(server, "t", 1, 100))
    process = writer(server, "t", 2, 400_000)
    _until(_copying, server)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert server("SELECT count(*), min(v), max(v) FROM @.t") == [(100, 1, 1)]
    ended(writer(server, "t", 3, 50))
    assert server("SELECT count(*), min(v) FROM @.t") == [(50, 3)]


def test_a_server_killed_while_writing(mortal_server, tmp_path):
    import pandas as pd
    import psycopg

    url, control = mortal_server
    address = parse(f"{url}#s.t")
    old = pd.DataFrame({"id": ["a"], "v": [1]})
    replace_tables(address, {"t": Content("1", lambda: old)}, owner="x")

    class Dying:
        """Text that kills the server when its turn to be written comes."""

        def __str__(self):
            with psycopg.connect(url) as other:
                other.execute("SELECT 1")
            control("stop")
            return "gone"

    new = pd.DataFrame({"id": [str(i) for i in range(50_000)], "v": [*["x" * 100] * 49_999, Dying()]}, dtype=object)
    with pytest.raises(InputError, match=r"cannot write t: .*that the server runs"):
        replace_tables(address, {"t": Content("2", lambda: new)}, owner="x")
    with pytest.raises(InputError, match=r"that the server runs"):
        replace_tables(address, {"t": Content("2", lambda: old)}, owner="x")
    control("start")
    assert read_rows(address).frame["id"].tolist() == ["a"]
    assert replace_tables(address, {"t": Content("2", lambda: old)}, owner="x") == ["t"]


def test_a_waiting_writer_says_so_and_gives_up(server, monkeypatch, caplog):
    import pandas as pd

    monkeypatch.setattr(write, "PATIENCE_S", 0.2)
    monkeypatch.setattr(write, "LOCK_WAIT_S", 0.4)
    inner = pd.DataFrame({"x": [1]})

    def load():
        with pytest.raises(InputError, match=r"has been writing to schema .* application_name geo_risk"):
            replace_tables(parse(server.at("x")), {"b": Content("", lambda: inner)})
        assert "another run or export is writing to schema" in caplog.text
        server("CREATE SCHEMA @_other")
        try:  # another schema is another lock
            replace_tables(parse(f"{server.url}#{server.schema}_other.x"), {"b": Content("", lambda: inner)})
        finally:
            server("DROP SCHEMA @_other CASCADE")
        return inner

    assert replace_tables(parse(server.at("x")), {"a": Content("", load)}) == ["a"]
