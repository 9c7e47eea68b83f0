"""What was found in the inputs and what was done about it: one report a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .advice import advice

# code -> (English, Chinese). ``{detail}`` is filled by the issue.
PROBLEMS: dict[str, tuple[str, str]] = {
    # reading
    "encoding": ("text read as {detail}", "文字编码按 {detail} 读取"),
    "bad_bytes": ("{detail} characters could not be decoded and show as �", "{detail} 个字符无法解码，显示为 �"),
    "header": ("header found in row {detail}", "表头位于第 {detail} 行"),
    "not_data": ("{detail}: not a row of data, skipped", "{detail}：不是数据行，已跳过"),
    "extra_cells": (
        "more cells than the header has columns; a separator inside a value needs quotes",
        "单元格多于表头列数；值内的分隔符应加引号",
    ),
    "short_row": ("fewer cells than the header; the missing ones are blank", "单元格少于表头，缺的按空白处理"),
    "other_sheets": ("other sheets not read: {detail}", "未读取的其他工作表：{detail}"),
    "merged_numbers": (
        "merged cells with a number: it counts for the first row only",
        "合并单元格中的数值只计入首行",
    ),
    "not_parsed": ("the feature cannot be read: {detail}", "要素无法读取：{detail}"),
    "ring_closed": ("ring not closed; closed", "环未闭合，已闭合"),
    "rejects_back": (
        "a mended file of rejected rows: its columns {detail} are not data",
        "改正后的剔除清单：{detail} 各列不是数据",
    ),
    # columns
    "columns": ("columns read as {detail}", "列对应关系：{detail}"),
    "rival_column": (
        "also fits: {detail}; name the right one under 'columns'",
        "也可能是：{detail}，请用 columns 指明",
    ),
    "unused_columns": ("columns not used: {detail}", "未使用的列：{detail}"),
    "left_out": ("rows left out by the setting 'where': {detail}", "按 where 设置略去的行：{detail}"),
    "fixed_values": ("set for every row: {detail}", "全部行设为：{detail}"),
    # values
    "not_a_number": ("not a number; left empty", "不是数值，置空"),
    "number_words": ("number read from text ({detail})", "从文字中读出数值（{detail}）"),
    "out_of_range": ("impossible value ({detail}); left empty", "数值不合理（{detail}），置空"),
    "not_a_date": ("not a date; left empty", "不是日期，置空"),
    "roc_year": ("year read as a year of the Republic calendar", "年份按民国纪年换算"),
    "not_yes_no": ("neither yes nor no; left empty", "既非是也非否，置空"),
    "unknown_value": ("unknown value, taken as {detail}", "未知取值，记为 {detail}"),
    "value_by_word": ("value read by a word in it, as {detail}", "按所含词语归为 {detail}"),
    "ambiguous_level": (
        "a bare number does not tell whether 1 is the best or the worst; left empty (write 重大/较大/一般/低)",
        "仅写数字无法判断 1 级为最高还是最低，置空（请写 重大/较大/一般/低）",
    ),
    "damaged_id": (
        "identifier damaged by a spreadsheet (written as a power of ten); dropped",
        "编号被电子表格改成科学计数，已弃用",
    ),
    "missing_required": ("required value missing", "缺少必填值"),
    "handled": (
        "the file reports periods ({detail}): its amounts are handled, not held, and are not used as the stock. "
        "If they are stocks, say so with columns = { quantity_t = HEADER }",
        "文件按期间填报（{detail}），数量为经手量而非存量，未采用；如确为存量，请用 columns 指明 quantity_t",
    ),
    "made_id": ("no id in the file; made from name and place", "文件无编号，由名称和位置生成"),
    "repeated_id": (
        "id used by several rows ({detail}); told apart by a number behind it",
        "编号重复（{detail}），已加序号区分",
    ),
    "merged_rows": ("{detail}", "{detail}"),
    "split_row": ("several substances in one cell; split into {detail} rows", "一格多种物质，拆为 {detail} 行"),
    "unsplit_row": (
        "several substances in one cell but not as many quantities; kept in one row",
        "一格多种物质但数量未分列，仍为一行",
    ),
    "level_guess": (
        "level taken as {detail} from headers, file name or names",
        "层级按表头、文件名或名称判断为 {detail}",
    ),
    "no_level": ("the level (city, county, township, village) cannot be told", "无法判断行政层级"),
    # places
    "no_coordinates": ("no coordinates (zero or blank)", "无坐标（为零或空白）"),
    "one_coordinate": ("only one of the two coordinates", "只有一个坐标值"),
    "bad_coordinate": ("coordinate cannot be read", "坐标无法识别"),
    "same_twice": ("the same number in both coordinate columns", "两个坐标列的值相同"),
    "outside": ("outside the region and its margin: {detail}", "位于区域及外扩范围之外：{detail}"),
    "outside_left_out": ("features outside the region and its margin, left out", "位于区域及外扩范围之外，已略去"),
    "ambiguous_place": (
        "outside the region; several repairs would fit: {detail}",
        "位于区域之外，且有多种改法：{detail}",
    ),
    "swapped_file": ("the two coordinate columns are exchanged in the whole file", "整个文件的两个坐标列互换"),
    "swapped": ("longitude and latitude exchanged", "经纬度互换"),
    "scaled": ("decimal point missing; {detail}", "缺小数点：{detail}"),
    "sign": ("wrong sign; {detail}", "正负号错误：{detail}"),
    "one_cell": ("both coordinates in one cell", "两个坐标写在一格"),
    "crs": ("coordinates read as {detail}", "坐标系按 {detail} 读取"),
    "crs_guess": (
        "no coordinate system stated: read as {detail}. A survey in Xi'an 80, Beijing 54 or a local grid would be "
        "30 m to 120 m off or more, so the position error is set to 100 m: state 'crs'",
        "未注明坐标系，按 {detail} 读取；若为西安80、北京54或地方坐标，偏差可达 30 m 至 120 m 以上，"
        "故位置误差按 100 m 计，请用 crs 注明",
    ),
    "cannot_tell_datum": (
        "no coordinate system stated: degrees read as WGS 84. Points taken from AMap or Tencent (gcj02) or Baidu "
        "(bd09) would be 300 m to 1,200 m off, so the position error is set to 600 m: state 'crs'",
        "未注明坐标系，经纬度按 WGS 84 读取；若取自高德、腾讯（gcj02）或百度（bd09），偏差 300 至 1200 m，"
        "故位置误差按 600 m 计，请注明 crs",
    ),
    "crs_conflict": (
        "the stated system {detail} cannot hold these numbers; read by their size",
        "注明的坐标系 {detail} 与数值不符，按数值判断",
    ),
    "unknown_datum": ("unknown coordinate system", "坐标系名称无法识别"),
    "shared_point": (
        "{detail} rows on one point (a park gate, a village seat, a geocoder's centre); error set to 500 m",
        "{detail} 行共用一点（园区、村委会或地理编码中心），误差记为 500 m",
    ),
    "coarse": ("too few digits: position error {detail} m", "坐标位数过少，位置误差 {detail} m"),
    "vector_error": ("no accuracy stated: position error taken as {detail} m", "未注明精度，位置误差取 {detail} m"),
    "not_joined": (
        "layer {detail} has no placed row with this key (missing there, or rejected for its coordinates)",
        "图层 {detail} 中没有该编号且有坐标的记录（缺失，或因坐标被剔除）",
    ),
    "same_tank": (
        "no id, and the same as row {detail}: two tanks or one written twice? both kept, check the quantity",
        "无编号且与第 {detail} 行相同：是两个储罐还是重复填写？均保留，请核对存量",
    ),
    # geometry
    "null_geometry": ("no geometry", "无图形"),
    "empty_geometry": ("empty geometry", "图形为空"),
    "wrong_type": ("a {detail}, which this layer does not hold", "图形类型为 {detail}，本图层不接受"),
    "no_size": ("geometry without size ({detail})", "图形大小近于零（{detail}）"),
    "invalid": ("invalid geometry ({detail}); mended", "图形无效（{detail}），已修复"),
    "invalid_changed": (
        "invalid geometry; mending would change its size by {detail}",
        "图形无效，修复会使其大小变化 {detail}",
    ),
    "parts_left": (
        "parts of another kind dropped from a collection: {detail}",
        "集合图形中其他类型的部分已去除：{detail}",
    ),
    "collection": ("geometry collection unpacked", "集合图形已拆解"),
    "z_dropped": ("heights (z) dropped: {detail}", "已去除高程（z）：{detail}"),
    "ring_reversed": (
        "ring direction opposite to the rest of the file; harmless",
        "环方向与文件其余部分相反，不影响使用",
    ),
    "duplicate": ("the same feature as row {detail}; merged", "与第 {detail} 行重复，已合并"),
    "near_duplicate": ("nearly the same feature as row {detail}; merged", "与第 {detail} 行近似重复，已合并"),
    "osm_broken": ("features cut off at the edge of the extract, left out", "在数据边缘被截断的要素，已略去"),
    "unknown_state": ("none of the values is a known state; column not used", "取值均非已知状态，未使用该列"),
}


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
