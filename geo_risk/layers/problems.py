"""What can be found in an input, in English and Chinese, by a short code."""

from __future__ import annotations

from .rule_problems import RULE_PROBLEMS

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
    "open_quote": (
        "a quotation mark is opened and never closed; remove it or double it",
        "引号未闭合；请删除该引号或写成两个引号",
    ),
    "separator": ("cells separated by {detail}", "单元格分隔符：{detail}"),
    "nul_bytes": ("{detail} NUL characters removed", "已去除 {detail} 个空字符（NUL）"),
    "decimal_comma": ("comma read as decimal point", "逗号按小数点读取"),
    "error_cell": (
        "the spreadsheet shows an error here instead of a value; left empty",
        "表格此处显示错误值，置空",
    ),
    "no_cached_value": (
        "formula without a stored value in {detail}; left empty: open the workbook, let it compute and save it",
        "单元格 {detail} 的公式没有保存结果，置空；请打开工作簿重新计算后保存",
    ),
    "hidden_rows": ("hidden rows, read like the others: {detail}", "隐藏行，照常读取：{detail}"),
    "hidden_sheet": ("the sheet {detail} is hidden", "工作表 {detail} 为隐藏状态"),
    "filtered": (
        "a filter is set on {detail}; the rows it hides are read as well",
        "{detail} 设有筛选，被筛掉的行照常读取",
    ),
    "filled_down": (
        "stands in the first row of a block only; repeated in rows {detail}",
        "仅写在分组首行，已填入第 {detail} 行",
    ),
    "short_row": ("fewer cells than the header; the missing ones are blank", "单元格少于表头，缺的按空白处理"),
    "other_sheets": ("other sheets not read: {detail}", "未读取的其他工作表：{detail}"),
    "merged_numbers": (
        "merged cells with a number: it counts for the first row only",
        "合并单元格中的数值只计入首行",
    ),
    "not_parsed": ("the feature cannot be read: {detail}", "要素无法读取：{detail}"),
    "ring_closed": ("ring not closed; closed", "环未闭合，已闭合"),
    "too_many_vertices": (
        "{detail} vertices, more than can be worked with; simplify or split the feature",
        "顶点过多（{detail} 个），请简化或拆分该要素",
    ),
    "no_shp": (
        "the geometry is missing: attributes only. Ask the sender for {detail}",
        "缺少图形文件，仅有属性；请向提供方索取 {detail}",
    ),
    "no_shx": ("{detail} is missing or damaged; made anew from the .shp", "缺少或损坏 {detail}，已由 .shp 重建"),
    "no_dbf": (
        "{detail} is missing: geometry only, without names or ids. Ask the sender for it",
        "缺少 {detail}，仅有图形，没有名称和编号；请向提供方索取",
    ),
    "packed_json": (
        "coordinates unpacked from text as accepted; they are rounded to {detail} degree (at 1/1024 up to 70 m off)",
        "已按确认解开压缩坐标，精度为 {detail} 度（1/1024 度时误差可达 70 米）",
    ),
    "link_ignored": ("a link to another file; not followed", "指向其他文件的链接，未读取"),
    "outlined": ("closed lines taken as outlines", "闭合线已作为面"),
    "labelled": ("named by the one text inside the outline", "以轮廓内唯一的文字作为名称"),
    "labels_many": ("several texts inside the outline; none taken as the name", "轮廓内有多处文字，未取名称"),
    "reader_said": ("the reading program says: {detail}", "读取程序提示：{detail}"),
    "database_rows": ("rows numbered by {detail}", "行号依据 {detail}"),
    "mixed_systems": (
        "shapes stored in another coordinate system than most; transformed to {detail}",
        "所存坐标系与多数不同，已转换为 {detail}",
    ),
    "no_system": (
        "no coordinate system (SRID 0), while other rows state theirs; give it with ST_SetSRID",
        "未注明坐标系（SRID 为 0），而其他行已注明；请用 ST_SetSRID 补上",
    ),
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
        "identifier damaged by a spreadsheet (a power of ten, or figures beyond the 15th lost); dropped",
        "编号被电子表格改成科学计数或丢失 15 位以后的数字，已弃用",
    ),
    "other_unit": (
        "the unit written is of another kind than this column's ({detail}); left empty",
        "所写单位与本列（{detail}）不是同类，置空",
    ),
    "other_unit_header": (
        "the header's unit is {detail}: the column is left empty. Give a column in that unit under 'columns'",
        "表头单位为 {detail}，整列置空；请用 columns 指明单位相符的列",
    ),
    "comma": (
        "commas are decimal marks in some cells and points are in others, so this one may be either; left empty",
        "同列小数点写法不一，无法判断逗号是千分位还是小数点，置空",
    ),
    "unclear_date": (
        "means two dates (day or month first; 98 or 1998); left empty. Write 2020-04-03",
        "可理解为两个日期（日月先后或民国、公元不明），置空；请写成 2020-04-03",
    ),
    "serial_date": ("spreadsheet day number read as a date", "按电子表格的日期序号换算"),
    "yes_no_words": ("read as {detail}", "按以下对应读取：{detail}"),
    "short_id": (
        "shorter than nearly all others: leading zeros lost? kept as written",
        "编号位数少于同列，可能丢失前导零；按原样保留",
    ),
    "credit_check": (
        "credit code with a wrong check character (GB 32100-2015); kept, check it at the source",
        "统一社会信用代码校验位不符（GB 32100-2015），仍保留，请核对",
    ),
    "credit_letters": (
        "letters O, I, Z, S in a credit code read as 0, 1, 2, 5; the check character then fits",
        "信用代码中的字母 O、I、Z、S 改为 0、1、2、5 后校验位相符",
    ),
    "registration_number": (
        "a business registration number of before 2015, not a credit code; kept",
        "为旧的工商注册号，不是统一社会信用代码；仍保留",
    ),
    "organisation_code": (
        "an organisation code (GB 11714), not a credit code; kept",
        "为组织机构代码（GB 11714），不是统一社会信用代码；仍保留",
    ),
    "no_credit_code": (
        "not of the form of a credit code (18 figures and letters); kept",
        "不符合统一社会信用代码的格式（18 位），仍保留",
    ),
    "placeholder_code": ("one character repeated is no credit code; left empty", "重复字符不是信用代码，置空"),
    "wrong_cas": (
        "CAS number whose check digit is wrong: it names no substance; left empty",
        "CAS 号校验位错误，不代表任何物质，置空",
    ),
    "not_cas": ("not a CAS number; kept as written", "不是 CAS 号，按原样保留"),
    "test_row": (
        "the name looks like a trial entry; kept, delete the row at the source if it is one",
        "名称疑似测试数据；仍保留，如确为测试请在源文件中删除",
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
        "several substances in one cell but not as many quantities; kept in one row, its shares unknown",
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
    "swapped": ("longitude and latitude exchanged; now {detail}", "经纬度互换，更正为 {detail}"),
    "scaled": ("decimal point missing; now {detail}", "缺小数点，更正为 {detail}"),
    "sign": ("wrong sign; now {detail}", "正负号错误，更正为 {detail}"),
    "digit": (
        "a whole or ten degrees off; in the township the row names at {detail}, taken there",
        "差 1 度或 10 度，按所填镇街更正为 {detail}",
    ),
    "swapped_aside": (
        'outside the region; with longitude and latitude exchanged at {detail}. Write accept = ["swapped"] to take it',
        '位于区域之外；经纬度互换后为 {detail}，确认请写 accept = ["swapped"]',
    ),
    "scaled_aside": (
        'outside the region; with the decimal point set at {detail}. Write accept = ["scaled"] to take it',
        '位于区域之外；补小数点后为 {detail}，确认请写 accept = ["scaled"]',
    ),
    "sign_aside": (
        'outside the region; with the other sign at {detail}. Write accept = ["sign"] to take it',
        '位于区域之外；更改正负号后为 {detail}，确认请写 accept = ["sign"]',
    ),
    "digit_aside": (
        "outside the region; a whole or ten degrees away, at {detail}, it is in the township the row names. "
        'Write accept = ["scaled"] to take it',
        '位于区域之外；改动 1 度或 10 度后为 {detail}，位于所填镇街内，确认请写 accept = ["scaled"]',
    ),
    "packed_dms": (
        "numbers read as degrees.minutes seconds (120.2116 is 120 degrees 21 minutes 16 seconds)",
        "数值按 度.分秒 读取（120.2116 为 120 度 21 分 16 秒）",
    ),
    "bad_packed": (
        'cannot be degrees.minutes seconds, as accept = ["packed_dms"] says',
        '不是 度.分秒 格式，与 accept = ["packed_dms"] 不符',
    ),
    "packed_doubt": (
        "every number could also be degrees.minutes seconds; read as decimal degrees, with a position error of "
        '{detail} m. Write accept = ["packed_dms"], or position_error_m if they are decimal degrees',
        '全部数值也可能是 度.分秒 格式；按十进制度读取，位置误差按 {detail} m 计；请写 accept = ["packed_dms"]，'
        "若确为十进制度请写 position_error_m",
    ),
    "one_cell": ("both coordinates in one cell", "两个坐标写在一格"),
    "crs": ("coordinates read as {detail}", "坐标系按 {detail} 读取"),
    "crs_guess": (
        "no datum stated: read as {detail}. A survey in Xi'an 80 or Beijing 54 would be 30 m to 120 m off, so the "
        'position error is set to 120 m: write crs = "cgcs2000", "xian80", "beijing54" or a code, or ask the sender '
        "for control points",
        "未注明大地基准，按 {detail} 读取；若为西安80或北京54，偏差为 30 m 至 120 m，故位置误差按 120 m 计；"
        '请写 crs = "cgcs2000"、"xian80"、"beijing54" 或 EPSG 代码，或向报送单位索取控制点',
    ),
    "old_datum": (
        "no public transform leads from this datum to CGCS2000: position error at least {detail} m. A local transform, "
        "as a PROJ string or .prj file in 'crs', has less",
        "该基准与 CGCS2000 之间没有公开的转换参数，位置误差不小于 {detail} m；"
        "可在 crs 中给出本地转换（PROJ 串或 .prj 文件）",
    ),
    "mercator": ("metres of a web map (Web Mercator)", "网络地图米制坐标（Web 墨卡托）"),
    "known_by_parameters": (
        "coordinate system known by its parameters, not by its name: {detail}",
        "坐标系按参数而非名称识别：{detail}",
    ),
    "cannot_tell_datum": (
        "no coordinate system stated: degrees read as WGS 84. Points taken from AMap or Tencent (gcj02) or Baidu "
        "(bd09) would be up to {detail} m off, so the position error is set to that: state 'crs'",
        "未注明坐标系，经纬度按 WGS 84 读取；若取自高德、腾讯（gcj02）或百度（bd09），偏差可达 {detail} m，"
        "故位置误差按此计，请注明 crs",
    ),
    "unknown_system": (
        "coordinate system unknown by the setting 'crs': read as WGS 84, position error {detail} m, which covers "
        "every system it could be",
        "crs 设为未知：按 WGS 84 读取，位置误差按 {detail} m 计，涵盖各种可能的坐标系",
    ),
    "fits_township": ("rows in the township they name: {detail}", "位于所填镇街内的行数：{detail}"),
    "fits_outlines": (
        "outlines most alike the district of the same name: {detail}",
        "与同名行政区轮廓最吻合的图形数：{detail}",
    ),
    "fits_boundary": ("rows inside the districts: {detail}", "位于行政区内的行数：{detail}"),
    "fits_water": ("rows not in water: {detail}", "不在水中的行数：{detail}"),
    "fits_roads": ("rows near a road: {detail}", "靠近道路的行数：{detail}"),
    "fits_carriageways": ("outlines clear of carriageways: {detail}", "不压道路的图形数：{detail}"),
    "other_township": (
        "the place is in {detail}, not in the township the row names; not moved",
        "位置在{detail}，与所填镇街不符，未移动",
    ),
    "in_water": ("the place is in water; not moved", "位置在水中，未移动"),
    "beyond_boundary": (
        "the place is outside the boundary, within its margin; not moved",
        "位置在边界之外、外扩范围之内，未移动",
    ),
    "crs_conflict": (
        "the file says {detail}, which cannot hold these numbers; read by their size",
        "文件注明的坐标系 {detail} 与数值不符，按数值判断",
    ),
    "unknown_datum": ("unknown coordinate system", "坐标系名称无法识别"),
    "shared_point": (
        "{detail} rows on one point (a park gate, a village seat, a geocoder's centre); error set to 500 m",
        "{detail} 行共用一点（园区、村委会或地理编码中心），误差记为 500 m",
    ),
    "coarse": ("too few digits: position error {detail} m", "坐标位数过少，位置误差 {detail} m"),
    "vector_error": ("no accuracy stated: position error taken as {detail} m", "未注明精度，位置误差取 {detail} m"),
    "off_scale": (
        "no score of this scale, {detail}; the row gets no grade from its scores",
        "不在该方法的取值表内（{detail}），该行不按评分定级",
    ),
    "not_joined": (
        "layer {detail} has no placed row with this key (missing there, or rejected for its coordinates)",
        "图层 {detail} 中没有该编号且有坐标的记录（缺失，或因坐标被剔除）",
    ),
    "joined_zeros": (
        "joined to {detail}, whose id is the same but for leading zeros",
        "按忽略前导零的编号关联到 {detail}",
    ),
    "joined_unlike": (
        "joined by id to {detail}, whose name is quite another: check the id",
        "按编号关联到 {detail}，但名称不符，请核对编号",
    ),
    "joined_name": ("joined by name or credit code to {detail}", "按名称或信用代码关联到 {detail}"),
    "join_doubt": (
        "likely {detail}, for a person to decide: write that id into the row if it is the same firm",
        "疑为 {detail}，需人工确认；如确为同一企业，请在该行填写其编号",
    ),
    "join_tie": (
        "several firms fit equally: {detail}; write the id of the right one into the row",
        "多家企业同样符合：{detail}；请在该行填写正确的编号",
    ),
    "merged_firm": ("the same firm as row {detail}; merged", "与第 {detail} 行为同一企业，已合并"),
    "firm_conflict": (
        "another row of the firm says {detail}, which is kept",
        "同一企业另一行为 {detail}，以其为准",
    ),
    "maybe_same": (
        "perhaps the same firm as row {detail}; both kept, for a person to decide",
        "疑与第 {detail} 行为同一企业；均保留，请人工确认",
    ),
    "same_tank": (
        "no id, and the same as row {detail}: two tanks or one written twice? both kept, check the quantity",
        "无编号且与第 {detail} 行相同：是两个储罐还是重复填写？均保留，请核对存量",
    ),
    "no_such_point": ("the point is not in {detail}", "{detail} 中没有该点号"),
    "point_aside": (
        "the point is in {detail}, but was set aside there (see its own line)",
        "该点在 {detail} 中，但已被剔除（见该表的说明）",
    ),
    "point_twice": ("one point number with two places, {detail} apart", "同一点号有两个位置，相距 {detail}"),
    "unused_points": ("points on no line: {detail}", "未被任何管线引用的点：{detail}"),
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
    "z_varies": (
        'heights (z) from {detail} dropped; to keep their mean as a column write columns = { COLUMN = "z" }, '
        'or "-z" for depths below the ground',
        '高程（z）{detail} 不一，已去除；需保留均值时写 columns = { 列名 = "z" }，埋深写 "-z"',
    ),
    "schematic": (
        "a straight piece of {detail} without a vertex: drawn by hand, position error taken as 500 m; good for a map, "
        "no setback can be told",
        "有 {detail} 的直线段无顶点，属示意线，位置误差按 500 m 计；可用于成图，不能判定间距",
    ),
    "schematic_file": (
        "{detail} of the lines of this file are drawn by hand: the position error of the others is taken as 500 m too",
        "本文件 {detail} 的线为示意线，其余各线位置误差也按 500 m 计",
    ),
    "no_setback_number": (
        "missing: rules that need it stay undecided",
        "缺失：需要该值的间距规则无法判定",
    ),
    "m_dropped": ("measures (m) dropped", "已去除里程值（m）"),
    "bad_vertex": ("a vertex without numbers (NaN or infinite)", "有顶点坐标不是有效数值（NaN 或无穷）"),
    "far_vertex": (
        "{detail} from the others: a typing mistake? Correct it at the source",
        "有顶点远离其余顶点（{detail}），疑为录入错误，请在源文件中改正",
    ),
    "repeated_vertices": ("{detail} vertices repeated the one before; dropped", "{detail} 个顶点与前一点重复，已去除"),
    "spike": ("needle-thin spikes cut off: {detail}", "已去除尖刺：{detail}"),
    "spike_left": ("{detail} needle-thin spikes, too large to cut; kept", "{detail} 处尖刺过大，未处理"),
    "nested": (
        "{detail} outlines lie within another outline of the shape: holes, or drawn twice? Taken as holes with "
        'accept = ["holes"], else set aside',
        '{detail} 个外环位于同一图形的另一外环之内：是空洞还是重复绘制？写明 accept = ["holes"] 时按空洞，否则剔除',
    ),
    "ring_reversed": ("ring direction opposite to the rest of the file; turned", "环方向与文件其余部分相反，已调整"),
    "borders_snapped": (
        "shared borders within 1 m of each other made one; largest movement {detail}",
        "相邻边界相距 1 m 以内者已并为一条；最大移动 {detail}",
    ),
    "overlap": ("units of one level overlap: {detail}", "同级区划相互重叠：{detail}"),
    "gap": ("ground between units of one level that none covers: {detail}", "同级区划之间有未覆盖的空隙：{detail}"),
    "outside_parent": ("part of a unit lies outside the unit above: {detail}", "区划有一部分位于上级之外：{detail}"),
    "other_version": (
        "another outline of the unit in row {detail} differ; the first is used: keep one boundary version",
        "与第 {detail} 行为同一区划的不同边界，存在差异；采用前者，请只保留一个边界版本",
    ),
    "twin": (
        "the same in all but the id as row {detail}: two of a kind, or one written twice? both kept",
        "除编号外与第 {detail} 行完全相同：是两个对象还是重复填写？均保留",
    ),
    "united": ("rows {detail} are parts of one feature; united", "第 {detail} 行是同一要素的各部分，已合并"),
    "pieces": ("{detail} rows between points, joined by their line numbers", "{detail} 行点间管段已按管线编号连接"),
    "hole": ("rows {detail} lie within this one: taken as its holes", "第 {detail} 行位于本行图形之内，按内部空洞处理"),
    "hole_row": (
        'lies within row {detail} of the same feature: a hole, or drawn twice? Write accept = ["holes"] to take '
        "such rows as holes",
        '位于同一要素第 {detail} 行之内：是空洞还是重复绘制？若为空洞，请写 accept = ["holes"]',
    ),
    "duplicate": ("the same feature as row {detail}; merged", "与第 {detail} 行重复，已合并"),
    "near_duplicate": ("nearly the same feature as row {detail}; merged", "与第 {detail} 行近似重复，已合并"),
    # OpenStreetMap
    "osm_broken": (
        "features that cannot be built (cut off at the edge of the extract, or drawn wrongly), left out",
        "无法构建的要素（在数据边缘被截断或绘制有误），已略去",
    ),
    "osm_cut": (
        "ways cut at the edge of the extract: the part that is there is kept",
        "在数据边缘被截断的线，保留其余部分",
    ),
    "osm_outside": (
        "features of the extract far from the region, not taken",
        "数据中远离本区域的要素，未采用",
    ),
    "osm_levels": (
        "admin_level read as in China: 5 city, 6 county, 8 township, 10 village",
        "admin_level 按中国用法读取：5 市、6 县、8 乡镇、10 村",
    ),
    "turn_unknown": ("turn restrictions of an unknown kind, left out", "类型不明的转向限制，已略去"),
    "turn_incomplete": (
        "turn restrictions without all their members in the extract, left out",
        "成员不全的转向限制，已略去",
    ),
    # rasters
    "raster_unit": ("cells read as {detail}, as the file says", "栅格单位按文件说明取 {detail}"),
    "raster_sums": ("people: {detail}", "人口合计：{detail}"),
    "raster_empty": ("cells without data", "无数据的栅格"),
    "raster_negative": ("cells with negative people", "人口为负的栅格"),
    "raster_elsewhere": ("the file does not reach the region", "文件范围不含本区域"),
    "raster_feet": ("heights in feet, converted to metres", "高程单位为英尺，已换算为米"),
    "raster_height": ("no height on Earth", "高程值不可能存在"),
    # weather
    "wind_speed": ("no wind speed, or an impossible one", "风速缺失或不可能"),
    "wind_direction": (
        "no wind direction, or one that is impossible or contradicts the other column",
        "风向缺失、不可能或与另一列矛盾",
    ),
    "wind_share": ("no share, or one below 0", "频率缺失或为负"),
    "wind_hours": ("{detail}: not whole years, so that seasons may count unequally", "{detail}，非整年，季节可能不均"),
    "wind_tens": (
        "directions in tens of degrees: each parted over the sectors it touches",
        "风向以十度为单位，按所占比例分入相邻方位",
    ),
    "wind_no_stability": ("stability class cannot be told", "无法判断大气稳定度"),
    "wind_cloud_unit": (
        "cloud cover without a unit; not used (write 总云量(成) or 总云量(%))",
        "云量未注明单位，未采用（请写 总云量(成) 或 总云量(%)）",
    ),
    "wind_percent": ("shares read as percentages", "频率按百分数读取"),
    "wind_sum": ("the shares sum to {detail}; scaled to 1", "频率合计为 {detail}，已归一"),
    "unknown_state": ("none of the values is a known state; column not used", "取值均非已知状态，未使用该列"),
    **RULE_PROBLEMS,
}
