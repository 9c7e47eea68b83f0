"""What was found in the inputs and what was done about it: one report a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .advice import advice
from .problems import PROBLEMS

_RANGES = 200  # ranges of rows an issue of many rows names; the count always tells how many there are


@dataclass(frozen=True)
class Issue:
    """
    One finding.

    ``row`` is the row as a person counts it (None: the whole file); ``count`` the rows concerned
    (one issue may stand for many alike, then ``rows`` names them, such as "2-5, 9"); ``value`` the
    value as written and ``after`` what became of it; ``lon``, ``lat`` where the row is or would be
    (WGS 84 degrees; None if not known).
    """

    file: str
    row: int | None
    column: str
    value: str
    code: str
    action: str
    count: int = 1
    detail: str = ""
    rows: str = ""
    after: str = ""
    lon: float | None = None
    lat: float | None = None

    @property
    def problem(self) -> str:
        """What is wrong, in English."""
        return PROBLEMS[self.code][0].replace("{detail}", self.detail)

    @property
    def problem_zh(self) -> str:
        """What is wrong, in Chinese."""
        return PROBLEMS[self.code][1].replace("{detail}", self.detail)

    @property
    def suggestion(self) -> tuple[str, str]:
        """What to do about it, in English and Chinese; empty where there is nothing to do."""
        return advice(self.code, self.action)


@dataclass(frozen=True)
class FileReport:
    """
    One input file and what became of its rows.

    ``rows_read = rows_kept + rows_rejected`` always; rows merged into another (one source on many
    rows) count as kept; ``rows_repaired`` counts repairs (a row mended twice counts twice).
    ``features`` is how many features came out, ``left_out`` how many rows the user's own 'where', or
    a region smaller than an extract, set aside before reading. ``inputs`` are the files behind it
    (path, bytes, sha256), ``system`` the coordinate system taken and ``system_from`` "stated" or
    "judged", ``rejects`` the file of rejected rows to mend, ``contents`` and ``places`` what
    `diagnosis` found.
    """

    file: str
    layer: str
    rows_read: int
    rows_kept: int
    rows_rejected: int
    rows_repaired: int = 0
    features: int = 0
    left_out: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    inputs: tuple[Mapping[str, Any], ...] = ()
    system: str = ""
    system_from: str = ""
    rejects: str = ""
    contents: tuple[Mapping[str, Any], ...] = ()
    places: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a report whose sums do not close: a row would have vanished unreported."""
        told = sum(i.count for i in self.issues if i.action == "rejected")
        if self.rows_read != self.rows_kept + self.rows_rejected or told != self.rows_rejected:
            raise RuntimeError(
                f"{self.file}: rows read {self.rows_read}, kept {self.rows_kept}, rejected {self.rows_rejected}, "
                f"rejections told {told}: the sums do not close"
            )


class Log:
    """Collects the issues of one file while it is cleaned."""

    def __init__(self, file: str, layer: str) -> None:
        self.file, self.layer = file, layer
        self.issues: list[Issue] = []
        self.columns: dict[str, str] = {}
        self.left_out = 0
        self.system = self.system_from = ""

    def add(
        self,
        action: str,
        code: str,
        *,
        row: int | None = None,
        column: str = "",
        value: Any = "",
        count: int = 1,
        detail: Any = "",
        rows: str = "",
        after: Any = "",
        lon: float | None = None,
        lat: float | None = None,
    ) -> None:
        """One issue; ``value``, ``after`` and ``detail`` are kept as text, long values cut at 200 characters."""
        number = None if row is None else int(row)
        self.issues.append(
            Issue(self.file, number, column, _cut(value), code, action, count, str(detail), rows, _cut(after), lon, lat)
        )

    def note(self, code: str, **where: Any) -> None:
        """Something to know; nothing was changed."""
        self.add("noted", code, **where)

    def repair(self, code: str, **where: Any) -> None:
        """Something was mended."""
        self.add("repaired", code, **where)

    def reject(self, code: str, rows: Iterable[int], *, column: str = "", values: Sequence[Any] | None = None,
               details: Sequence[Any] | str = "") -> None:  # fmt: skip
        """Rows set aside, one issue each."""
        rows = list(rows)
        shown = [""] * len(rows) if values is None else values
        told = [details] * len(rows) if isinstance(details, str) else details
        for row, value, detail in zip(rows, shown, told, strict=True):
            self.add("rejected", code, row=row, column=column, value=value, detail=detail)

    def group(self, action: str, code: str, rows: Sequence[int], *, column: str = "", values: Sequence[Any],
              detail: Any = "") -> None:  # fmt: skip
        """Many rows with the same finding: one issue, shown by its first row; rejected rows get one each."""
        if action == "rejected":
            self.reject(code, rows, column=column, values=values, details=str(detail))
        elif len(rows):
            self.add(action, code, row=rows[0], column=column, value=values[0], count=len(rows), detail=detail,
                     rows=ranges(rows) if len(rows) > 1 else "")  # fmt: skip

    def report(self, rows_read: int, features: int, **more: Any) -> FileReport:
        """The finished report; ``more`` are further fields of `FileReport`."""
        rejected = sum(i.count for i in self.issues if i.action == "rejected")
        repaired = sum(i.count for i in self.issues if i.action == "repaired")
        return FileReport(self.file, self.layer, rows_read, rows_read - rejected, rejected, repaired, features,
                          self.left_out, dict(self.columns), tuple(self.issues), system=self.system,
                          system_from=self.system_from, **more)  # fmt: skip


def _cut(value: Any) -> str:
    return "" if value is None else str(value)[:200]


def ranges(rows: Iterable[int]) -> str:
    """Row numbers as a person writes them: "2-5, 9"; beyond 200 ranges the rest is "…"."""
    numbers = sorted(set(map(int, rows)))
    starts = [n for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n - 1]
    ends = [n for i, n in enumerate(numbers) if i == len(numbers) - 1 or numbers[i + 1] != n + 1]
    told = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts[:_RANGES], ends, strict=False)]
    return ", ".join([*told, "…"] if len(starts) > _RANGES else told)


TOTALS = ("rows_read", "rows_kept", "rows_rejected", "rows_repaired", "features", "left_out")


def quality_json(reports: Sequence[FileReport]) -> dict[str, Any]:
    """The reports as plain JSON data: totals, and each file with its issues in English and Chinese."""
    files = []
    for r in reports:
        more = {"columns": dict(r.columns), "inputs": list(r.inputs), "system": r.system, "system_from": r.system_from,
                "rejects": r.rejects, "contents": list(r.contents), "places": dict(r.places)}  # fmt: skip
        totals = {k: getattr(r, k) for k in TOTALS}
        files.append({"file": r.file, "layer": r.layer, **totals, **more, "issues": [_issue(i) for i in r.issues]})
    return _totalled(files)


def _issue(i: Issue) -> dict[str, Any]:
    english, chinese = i.suggestion
    optional = {"rows": i.rows, "after": i.after, "detail": i.detail, "suggestion": english, "suggestion_zh": chinese}
    place = {} if i.lon is None or i.lat is None else {"lon": round(i.lon, 7), "lat": round(i.lat, 7)}
    return {"row": i.row, "column": i.column, "value": i.value, "code": i.code, "action": i.action, "count": i.count,
            "problem": i.problem, "problem_zh": i.problem_zh, **{k: v for k, v in optional.items() if v},
            **place}  # fmt: skip


def merge_quality(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several results of `quality_json` as one."""
    return _totalled([f for part in parts for f in part["files"]])


def _totalled(files: list[dict[str, Any]]) -> dict[str, Any]:
    totals = {k: sum(f[k] for f in files) for k in TOTALS}
    return {**totals, "first": first_things(files), "files": files}


def first_things(files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    What to do first: one entry a code, action and advice, those with rows set aside before the others, then by rows.

    Only findings there is something to do about; each names its files and the first problem as an example.
    """
    order = ("rejected", "repaired", "noted")
    found: dict[tuple[str, str], list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for f in files:
        for i in f["issues"]:
            if "suggestion" in i:
                found.setdefault((i["code"], i["action"]), []).append((f, i))
    out = []
    for (code, action), told in found.items():
        problem, problem_zh = headline([i for _, i in told])
        rows = sum(f["rows_read"] if i["row"] is None and i["count"] == 1 else i["count"] for f, i in told)
        named = list(dict.fromkeys(f["file"] for f, _ in told))
        out.append({"code": code, "action": action, "rows": rows, "files": named, "problem": problem,
                    "problem_zh": problem_zh, "suggestion": told[0][1]["suggestion"],
                    "suggestion_zh": told[0][1]["suggestion_zh"]})  # fmt: skip
    return sorted(out, key=lambda e: (order.index(e["action"]), -e["rows"], e["code"]))


def headline(issues: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """(English, Chinese) problem of issues of one code; where their details differ, "…" stands for them."""
    if len({i.get("detail", "") for i in issues}) == 1:
        return issues[0]["problem"], issues[0]["problem_zh"]
    english, chinese = PROBLEMS[issues[0]["code"]]
    return english.replace("{detail}", "…"), chinese.replace("{detail}", "…")
