"""Chinese for the state of the road network, trips of dangerous goods and tours of inspection; see `words`."""

# (English, Chinese).
ROAD_WORDS = (
    # what was found in the roads, and what to do
    ("no one-way value, taken as both ways", "未填单行方向，按双向计"),
    ("class unknown, speed of 'road' used ({}): correct it, or give its km/h in speeds_kmh under [rescue]",
     "道路等级无法识别，按 road 的车速计（{}）：请更正，或在 [rescue] 的 speeds_kmh 中填写车速"),
    ("limit outside {} to {} km/h ignored ({})", "限速不在 {} 至 {} km/h 之内，未采用（{}）"),
    ("access no or private, open to emergency vehicles", "禁止通行或私有道路，应急车辆可通行"),
    ("without geometry", "没有位置"),
    ("access no or private", "禁止通行或私有"),
    ("of a class closed to vehicles", "该等级道路不通车"),
    ("lower than the vehicle", "限高低于车高"),
    ("too weak for the vehicle", "限重低于车重"),
    ("narrower than the vehicle", "路宽小于车宽"),
    ("shorter than 0.01 m", "短于 0.01 m"),
    ("drawn twice", "重复绘制"),
    ("within merge_ends_m under [rescue]", "在 [rescue] 的 merge_ends_m 以内"),
    ("within connect_m under [rescue]", "在 [rescue] 的 connect_m 以内"),
    ("same level, no bridge or tunnel", "同层，非桥梁或隧道"),
    ("the roads are not cut there: if they meet, set split_crossings under [rescue]",
     "道路在该处未打断：如确实相交，请设置 [rescue] 的 split_crossings"),
    ("within {} m: if they meet, raise merge_ends_m under [rescue]",
     "{} m 以内：如确实相接，请增大 [rescue] 的 merge_ends_m"),
    ("check the one-way column if this is too much", "如比例过高，请核对单行方向"),
    ("{} parts: islands, wrong one-way values or gaps", "{} 个部分：孤岛、单行方向有误或断头"),
    ("on islands of the network", "位于路网孤岛上"),
    ("without a road near", "附近没有道路"),
    ("out of service: {}", "已停用：{}"),
    ("no position: {}", "没有位置：{}"),
    ("no road within {} m: {}", "{} m 内没有道路：{}"),
    ("check gaps and one-way values of the roads there, few are reached from it: {}",
     "由此可到达之处很少，请核对该处道路的断头和单行方向：{}"),
    ("{} for promised = {} under [rescue]: no place keeps that promise, so no road is a weak link",
     "只有 {} 处，而 [rescue] 的 promised = {}：没有地点满足要求，因此不列薄弱路段"),
    ("only {} of the line ends meet another line, and {} crossings have no common vertex: "
     "the layer is hardly cut at its junctions. "
     "Set merge_ends_m, connect_m or split_crossings under [rescue], or repair the layer.",
     "只有 {} 的线端与其他线相接，{} 处相交没有公共顶点：图层在路口大多未打断。"
     "请设置 [rescue] 的 merge_ends_m、connect_m 或 split_crossings，或修正图层。"),
    ("only {} of the road length ({} parts) is connected both ways: many places will be unreachable. "
     "Check the one-way column, gaps between lines (merge_ends_m, connect_m) "
     "and crossings without a common vertex (split_crossings) under [rescue].",
     "只有 {} 的道路长度（共 {} 个部分）双向连通，许多地点将无法到达。请核对单行方向、线间断头"
     "（[rescue] 的 merge_ends_m、connect_m）和没有公共顶点的相交（split_crossings）。"),
    # turn restrictions
    ("restriction for other vehicles", "限制针对其他车辆"),
    ("restriction spares the vehicle", "限制豁免该车辆"),
    ("restriction at other hours, or for vehicles of other sizes", "限制在其他时段生效，或针对其他尺寸的车辆"),
    ("restriction of no known kind", "限制类别无法识别"),
    ("restriction on roads that are not in the network", "限制所在道路不在路网中"),
    ("restriction whose roads do not meet at its point", "限制所涉道路在该点不相接"),
    ("restriction whose road goes on beyond its point: which side is meant is not told",
     "限制所涉道路在该点之后继续延伸，未说明指哪一侧"),
    ("restriction of a turn that one-ways exclude already", "单行方向已排除该转向"),
    ("restriction at some hours: no hour was asked about", "限制只在部分时段生效，而未指定时间"),
    ("restriction under a condition that is not understood", "限制的条件无法识别"),
    # trips of dangerous goods
    ("no lawful way for {} from {} to {}. The fastest way of {} min would break: {}",
     "从{1}到{2}运输{0}没有合法路线。最快的 {3} 分钟路线将违反：{4}"),
    ("no lawful way for {} from {} to {}: the roads do not join them, whatever the rules. "
     "Check one-way values and gaps of the roads.",
     "从{1}到{2}运输{0}没有合法路线：与限行规定无关，两地之间道路不连通。请核对道路的单行方向和断头。"),
    ("{} ({} km: {})", "{}（{} km：{}）"),
    ("{} ({} km: {}).", "{}（{} km：{}）"),
    ("from {} to {}: the trip lasts into ever more bans.", "从{}到{}：行程不断遇到新的禁行时段。"),
    ("{}: no road near it is open to hazmat trucks", "{}：附近没有危货车辆可走的道路"),
    ("the nearest, {} m away: {}.", "最近的道路距 {} m：{}"),
    ("{}: no road within {} m. Choose a place nearer to a road.", "{}：{} m 内没有道路，请选择离道路较近的地点。"),
    ("trips_per_yr {}: write a number above 0.", "trips_per_yr {}：请填写大于 0 的数。"),
    ("{}: nothing is called so. Write LON,LAT or an id.", "没有名为 {} 的对象，请填写“经度,纬度”或编号。"),
    ("{}: {} objects are called so: {}", "名为 {} 的对象有 {} 个：{}"),
    ("{}. Write LON,LAT or an id.", "{}。请填写“经度,纬度”或编号。"),
    ("the place {} lies outside the region, which reaches from {} to {}. "
     "Write LON,LAT within it, the longitude first.",
     "地点 {} 在本区域之外，本区域范围为 {} 至 {}。请填写范围内的“经度,纬度”，经度在前。"),
    ("{}: longitude must be within 180 and latitude within 90 degrees. Write LON,LAT.",
     "{}：经度不超过 180 度、纬度不超过 90 度，请填写“经度,纬度”。"),
    ("substance {} is not known as a load. Near to it: {}. "
     "Write a name, a UN number, or its class such as 2.1, 2.3, 3, 6.1 or 8.",
     "货物 {} 无法识别，相近的有：{}。请填写名称、UN 编号或类别，如 2.1、2.3、3、6.1、8。"),
    ("substance {} is not known as a load. Write a name, a UN number, or its class such as 2.1, 2.3, 3, 6.1 or 8.",
     "货物 {} 无法识别，请填写名称、UN 编号或类别，如 2.1、2.3、3、6.1、8。"),
    ("time {}: write a time of day such as 14:20.", "时间 {}：请填写如 14:20 的时刻。"),
    # visits that no tour holds
    ("not planned: {}", "未排入计划：{}"),
    ("not among the {} most urgent", "不在最紧急的 {} 家之列"),
    ("there, the visit and back take longer than a day", "往返和检查所需时间超过一天"),
    ("no way by road from a base and back", "驻地与该处之间没有往返道路"),
    ("no time left: {} teams, {} days of {} h", "时间已排满：{} 个组，{} 天，每天 {} 小时"),
)  # fmt: skip
