"""What is wrong with a question, in both languages and with the next step at the desk instead of the command line's."""

from __future__ import annotations

import re

from ..errors import GeoRiskError, SeveralErrors
from ..schema import LAYERS

# (what the message says, Chinese, English); {0} ... are what the pattern caught, columns by their words. The first that
# is found counts. A message that none fits is shown as it is.
_MENDS = (
    (r"crs = (\S+) .*?puts \d+% of the rows into the region, (EPSG:\d+) \((.*?)\) would fit",
     "按坐标系 {0} 图形不在本区域内；{1}（{2}）与本区域相符，如属实请改填。",
     "In the coordinate system {0} the outline lies outside this region; {1} ({2}) would fit: "
     "write it, if that is so."),
    (r"outline is not valid|[Ss]elf-intersection|crosses itself",
     "图形自相交或不闭合，无法确定范围。请重新绘制，使各边互不交叉；上传的文件请在原软件中修复后再上传。",
     "The outline crosses itself or is not closed, so what is inside is not certain. Draw it again so "
     "that no two sides cross; mend a file in the program it was made in."),
    (r"outside the region and its margin|lies outside|no place within|moved so far",
     "图形在本区域之外。请核对图形；如在高德、腾讯地图上绘制请选 GCJ-02，在百度地图上绘制请选 BD-09，平面"
     "坐标请填 EPSG 代码。",
     "The outline lies outside this region. Check it, or its coordinate system: GCJ-02 for outlines "
     "drawn on 高德 or 腾讯 maps, BD-09 for 百度, an EPSG code for metres."),
    (r"substance and quantity_t \(t\) or volume_m3 \(m3\) missing",
     "缺少物质名称以及存量或容积。所储物质及其数量决定间距和风险，请填写。",
     "The substance and the quantity or volume are missing. What is stored decides distances and risk: "
     "fill them in."),
    (r"substance missing",
     "缺少物质名称。所储物质决定间距和风险，请填写。",
     "The substance is missing. What is stored decides distances and risk: fill it in."),
    (r"quantity_t \(t\) or volume_m3 \(m3\) missing",
     "缺少存量（t）或容积（m³），请至少填写一项。",
     "Quantity (t) and volume (m³) are both missing: fill in one of them."),
    (r"no column says what is planned|'kind' is empty",
     "文件没有说明拟建什么。请在“拟建类型”中选择，或在文件中增加属性 kind。",
     "The file does not say what is planned. Choose the kind here, or add a property 'kind' to the file."),
    (r"kind '(.*?)' is unknown",
     "类型“{0}”无法识别。请在“拟建类型”中选择。",
     "The kind '{0}' is not known. Choose one from the list."),
    (r"kind '(.*?)' may be",
     "类型“{0}”有多种含义。请在“拟建类型”中选择。",
     "The kind '{0}' may mean several things. Choose one from the list."),
    (r"--set (\w+)=(.*?): not a number",
     "“{0}”填写的“{1}”不是数字。请只填数字，不带单位，如 12.5。",
     "{0}: '{1}' is not a number. Write digits alone, without a unit, such as 12.5."),
    (r"--set (\w+)=(.*?): impossible value",
     "“{0}”填写的“{1}”不可能。请填不小于 0 的数。",
     "{0}: '{1}' cannot be. Write a number from 0 on."),
    (r"--set (\w+)=(.*?): unknown value",
     "“{0}”填写的“{1}”不在可选项中，请从列表中选择。",
     "{0}: '{1}' is none of the choices. Choose one from the list."),
    (r"a (?:Multi)?(?:Polygon|LineString|Point), which this layer does not hold",
     "图形种类与拟建类型不符：管线画线，其他画面或点。",
     "The shape does not fit the kind: pipelines are lines, all else areas or points."),
    (r"the feature cannot be read|empty geometry|no geometry",
     "图形的点不足或坐标不是数字。面至少需要 3 个不同的点，线至少 2 个。",
     "The outline has too few points, or coordinates that are no numbers: an area takes 3 different "
     "points at least, a line 2."),
    (r"the file says '(.*?)', --kind says",
     "文件所写类型为“{0}”，与所选类型不同。请改选类型，或选“以上传文件所写为准”。",
     "The file says '{0}', which is not the kind chosen. Choose that kind, or 'as the uploaded file "
     "says'."),
    (r"Exchange ",
     "经度和纬度（或横纵坐标）似乎颠倒了。请在文件中对调后再上传。",
     "The two coordinates seem to be exchanged. Exchange them in the file."),
    (r"Draw holes as inner rings",
     "有图形互相重叠或包含。请把洞画成内环，同一块地只画一次。",
     "Shapes lie within each other. Draw holes as inner rings, and each ground once."),
    (r"several layers, none is named",
     "文件中有多个图层，无法确定用哪一个。请只导出拟建范围一个图层。",
     "The file holds several layers. Export the layer of the outline alone."),
    (r"--set (\w+)=.*?no such column",
     "“{0}”不适用于该类型，请清空。",
     "{0}: this kind has no such column. Leave it empty."),
    (r"holds no row",
     "文件中没有图形。请核对上传的文件。",
     "The file holds no outline. Check which file it is."),
    (r"crs = '(.*?)' is no coordinate system",
     "坐标系“{0}”无法识别。请选择列表中的坐标系，或填 EPSG 代码，如 EPSG:4528。",
     "The coordinate system '{0}' is not known. Choose one from the list, or write a code such as "
     "EPSG:4528."),
    (r"no kind of file",
     "此类文件不能读取。请上传 GeoJSON、ZIP 打包的 SHP、DXF、KML 或 GeoPackage。",
     "This kind of file is not read here. Hand in GeoJSON, a zipped SHP, DXF, KML or GeoPackage."),
    (r"the file is empty",
     "文件是空的。请重新导出。",
     "The file is empty. Export it again."),
    (r"cannot be opened|not valid JSON|cut off|damaged",
     "文件已损坏或不完整，无法读取。请从原软件重新导出。",
     "The file is damaged or cut off. Export it again from the program it was made in."),
    (r"are metres, but",
     "坐标是平面坐标（米），所选坐标系却是经纬度。请在“坐标系”中填 EPSG 代码，如 EPSG:4528。",
     "The coordinates are metres, but the system is one of degrees. Write an EPSG code under 'coordinate "
     "system', such as EPSG:4528."),
    (r"coordinate system is not stated|no coordinate system stated|but the places fit",
     "文件没有说明坐标系，或说明与位置不符。请在“坐标系”中选择。",
     "The file does not state its coordinate system, or another than its places fit. Choose it under "
     "'coordinate system'."),
)  # fmt: skip


def mended(error: GeoRiskError) -> dict[str, str]:
    """``zh`` and ``en`` of an error: a line each, where there are several; the program's own words as ``detail``."""
    errors = error.errors if isinstance(error, SeveralErrors) else (error,)
    lines = [_one(str(e)) for e in errors]
    told = {lang: "\n".join(dict.fromkeys(line[i] for line in lines)) for i, lang in enumerate(("zh", "en"))}
    return told | {"detail": str(error)}


def _one(text: str) -> tuple[str, str]:
    """A message in Chinese and English, with its row in the file; a drawing has but one."""
    zh, en = _translated(text)
    row = re.search(r"\brow (\d+)", text)
    if row is None or "drawing.geojson" in text or en == text:
        return zh, en
    return f"第 {row[1]} 行：{zh}", f"Row {row[1]}: {en}"


def _translated(text: str) -> tuple[str, str]:
    for pattern, zh, en in _MENDS:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            caught = found.groups()
            return zh.format(*(_column(c, "zh") for c in caught)), en.format(*(_column(c, "en") for c in caught))
    return f"程序提示：{text}", text


def _column(name: str, lang: str) -> str:
    for layer in LAYERS.values():
        if name in layer.names:
            column = layer.column(name)
            return column.zh if lang == "zh" else column.en
    return name
