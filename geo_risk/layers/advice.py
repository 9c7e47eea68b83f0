"""What a person should do about each kind of finding, in English and Chinese."""

from __future__ import annotations

from .rule_problems import RULE_ADVICE

# code -> (English, Chinese). Codes that need no action have no row.
ADVICE: dict[str, tuple[str, str]] = {
    # reading
    "bad_bytes": (
        "ask the sender for the file as CSV (UTF-8) or XLSX",
        "请提供方另存为 CSV（UTF-8）或 XLSX 后重发",
    ),
    "extra_cells": (
        'put quotes round the value that holds a separator ("液氯,液氨"), or move the cells to their columns',
        '含分隔符的值请加引号（如 "液氯,液氨"），或把单元格移回所属列',
    ),
    "merged_numbers": (
        "unmerge the cells and write each row's own number",
        "请取消合并单元格，逐行填写数值",
    ),
    "not_parsed": ("draw the feature again, or export the layer anew", "请重绘该要素，或重新导出图层"),
    # columns
    "rival_column": (
        'write columns = { name = "HEADER" } with the right header',
        '请用 columns = { 字段 = "列名" } 指明正确的列',
    ),
    "handled": (
        'ask for the stocks held; if these are stocks, write columns = { quantity_t = "HEADER" }',
        '请补充实际存量；如数值确为存量，请写 columns = { quantity_t = "列名" }',
    ),
    # values
    "not_a_number": ("write a plain number in the column's unit", "请按该列单位填写数字"),
    "out_of_range": ("check the value and its unit at the source", "请核对原始数值与单位"),
    "not_a_date": ("write the date as 2024-05-31", "日期请写成 2024-05-31"),
    "not_yes_no": ("write 是 or 否", "请填写 是 或 否"),
    "unknown_value": ("write one of the words listed in docs/tables.md", "请改用 docs/tables.md 所列取值"),
    "value_by_word": ("check that the word was understood", "请核对取值归类是否正确"),
    "ambiguous_level": ("write 重大, 较大, 一般 or 低", "请填写 重大、较大、一般 或 低"),
    "damaged_id": (
        "format the column as text in the spreadsheet and fill in the whole number again",
        "请在电子表格中把该列设为文本格式后重填完整编号",
    ),
    "missing_required": ("fill in the value", "请补填"),
    "repeated_id": ("give each object an id of its own", "请为每个对象填写唯一编号"),
    "unsplit_row": ("write one row a substance, each with its quantity", "每种物质单独一行，并分列数量"),
    "no_level": (
        'write values = { level = "township" } (city, county, township or village)',
        '请写 values = { level = "township" }（可取 city、county、township、village）',
    ),
    # places
    "no_coordinates": (
        "fill in longitude and latitude, measured at the site or looked up by the address",
        "请补填经纬度（实地测量或按地址查询）",
    ),
    "one_coordinate": ("fill in the other coordinate", "请补填另一个坐标值"),
    "bad_coordinate": ("write degrees such as 120.351620, or 120°21′5.8″", "请写成 120.351620 或 120°21′5.8″"),
    "same_twice": ("fill in longitude and latitude anew: one was copied over the other", "请重填经度和纬度"),
    "outside": (
        "check the coordinates, the coordinate system ('crs'), and whether the row belongs to this region",
        "请核对坐标值、坐标系（crs）以及该行是否属于本区域",
    ),
    "ambiguous_place": ("correct the coordinates at the source", "请在源文件中改正坐标"),
    "swapped": (
        'exchange longitude and latitude in the file, or, if all of them should be, write accept = ["swapped"]',
        '请在文件中对调经纬度；确认全部属此情况时可写 accept = ["swapped"]',
    ),
    "swapped_file": (
        'exchange the headers in the file, or write columns = { lon = "HEADER", lat = "HEADER" }',
        '请对调列名，或写 columns = { lon = "列名", lat = "列名" }',
    ),
    "scaled": (
        'put the decimal point back, or, if it is missing in all of them, write accept = ["scaled"]',
        '请补上小数点；确认全部属此情况时可写 accept = ["scaled"]',
    ),
    "sign": (
        'correct the sign, or, if it is wrong in all of them, write accept = ["sign"]',
        '请改正正负号；确认全部属此情况时可写 accept = ["sign"]',
    ),
    "crs_guess": (
        'ask the surveyor and write crs = "EPSG:..." for this file',
        '请向测绘单位核实后写明 crs = "EPSG:..."',
    ),
    "cannot_tell_datum": (
        'ask where the coordinates come from and write crs = "wgs84" (GPS, CGCS2000), "gcj02" (AMap, Tencent) or '
        '"bd09" (Baidu)',
        '请核实坐标来源并写明 crs："wgs84"（GPS、CGCS2000）、"gcj02"（高德、腾讯）或 "bd09"（百度）',
    ),
    "crs_conflict": ("correct 'crs', or the file's own statement", "请改正 crs 或文件自带的坐标系说明"),
    "unknown_datum": ("write wgs84, cgcs2000, gcj02 or bd09 in the column", "请填写 wgs84、cgcs2000、gcj02 或 bd09"),
    "shared_point": ("measure each enterprise's own place", "请逐家核实各企业自身位置"),
    "coarse": ("give at least five decimals of a degree", "经纬度请至少保留五位小数"),
    "off_scale": ("write a score of the scale", "请按该方法取值表重新评分"),
    "not_joined": (
        "correct the enterprise's id or name, or mend its row in the layer it is looked up in",
        "请更正企业编号或名称，或先补齐被引用图层中的该企业",
    ),
    "same_tank": ("give each tank an id; delete the row if it is written twice", "请为每个储罐编号；重复填写的请删除"),
    # geometry
    "null_geometry": ("draw the feature", "请补绘图形"),
    "empty_geometry": ("draw the feature", "请补绘图形"),
    "wrong_type": (
        "give the feature to the layer it belongs to, or draw it as this layer's kind",
        "请将该要素归入相应图层，或按本图层类型重绘",
    ),
    "no_size": ("draw the feature again, or delete it", "请重绘或删除该要素"),
    "invalid_changed": (
        "mend the outline by hand (in QGIS: Check validity, then the vertex tool)",
        "请手工修正边界（QGIS：有效性检查后用节点工具修改）",
    ),
    "unknown_state": ("write 在业, 停产, 注销 or 拟建", "请填写 在业、停产、注销 或 拟建"),
    **RULE_ADVICE,
}

# For codes without a row of their own.
_MEND = ("correct the row and import it again", "请改正该行后重新导入")
_CHECK = ("check the repair against the source", "请与原件核对修复结果")

# Repairs that change nothing a person would have to look at.
_HARMLESS = frozenset(("ring_closed", "collection", "duplicate", "near_duplicate", "one_cell", "number_words",
                       "roc_year", "merged_rows", "split_row"))  # fmt: skip


def advice(code: str, action: str) -> tuple[str, str]:
    """(English, Chinese): what to do; two empty texts where there is nothing to do."""
    if code in ADVICE:
        return ADVICE[code]
    if action == "rejected":
        return _MEND
    return _CHECK if action == "repaired" and code not in _HARMLESS else ("", "")
