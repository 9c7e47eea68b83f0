"""What can be found in a table of own setback rules, and what to do about it; part of `problems` and `advice`."""

from __future__ import annotations

# code -> (English, Chinese)
RULE_PROBLEMS: dict[str, tuple[str, str]] = {
    "rule_class": ("no class the rules know; nearest: {detail}", "规则中没有此类别；相近的有：{detail}"),
    "rule_distance": ("no distance in metres above 0: {detail}", "不是大于 0 的米数：{detail}"),
    "rule_bound": ("the bounds make no band: {detail}", "分档上下限无效：{detail}"),
    "rule_word": ("none of the words of this column: {detail}", "不是该列的取值：{detail}"),
    "rule_date": ("no day such as 2026-01-01", "不是 2026-01-01 这样的日期"),
    "rule_provenance": ("does not say where the number comes from", "未说明数值出处"),
    "rule_id_taken": ("the id is taken by {detail}", "编号已被占用：{detail}"),
    "rule_unverified": (
        "no confidence given: taken as MU, which warns and settles nothing",
        "未填可信度：按 MU（未核实）处理，仅作提示，不作结论",
    ),
    "rule_id_made": ("no id: made from its content", "无编号，已按内容生成"),
    "rule_scale": ("{detail}: check the unit", "{detail}：请核对单位"),
    "rule_overlap": ("holds for the same as {detail}, with the same distance", "与{detail}适用范围重叠，距离相同"),
    "rule_contradiction": (
        "contradicts {detail}: taken as unverified (MU), so that it warns and settles nothing",
        "与{detail}矛盾：按未核实（MU）处理，仅作提示，不作结论",
    ),
    "rule_gap": ("no row of its table holds for {detail}", "同表各行均不适用于 {detail}"),
    "rule_differs": (
        "the library has {detail}: both apply, the larger governs",
        "规则库另有 {detail}：两者均适用，取大者",
    ),
    "rule_unseen": ("no layer shows {detail}: the rule is never applied", "没有图层能表示 {detail}：该规则不会被应用"),
}
RULE_ADVICE: dict[str, tuple[str, str]] = {
    "rule_class": (
        "write a class that geo-risk rules REGION --classes lists",
        "请改用 geo-risk rules 区域 --classes 所列类别",
    ),
    "rule_distance": ("write the distance in metres as a plain number, such as 50", "请以米为单位填写数字，如 50"),
    "rule_bound": (
        "write quantity volume_m3 or quantity_t, and a lower bound below the upper",
        "请填写分档依据（容积或存量），且下限小于上限",
    ),
    "rule_word": ("write one of the words named", "请改用所列取值"),
    "rule_date": ("write the date as 2024-05-31", "日期请写成 2024-05-31"),
    "rule_provenance": (
        'fill in standard, edition, clause and source; "-" where there is none',
        "请填写标准、版本、条款和来源；确无的填“-”",
    ),
    "rule_id_taken": (
        'give it an id of its own; switch a built-in row off with [setbacks] off = ["ID"]',
        '请另编编号；如需停用内置规则，请写 [setbacks] off = ["编号"]',
    ),
    "rule_unverified": (
        "write V if the number was read in the standard, else MC or MU",
        "已与标准核对的填 V，否则填 MC 或 MU",
    ),
    "rule_scale": ("check the distance at the source", "请与原文核对距离"),
    "rule_contradiction": ("correct one of the two, or give them different clauses", "请改正其一，或分别注明条款"),
    "rule_gap": ("add the missing row, or mend the bounds", "请补充缺少的档位，或改正上下限"),
    "rule_differs": (
        'compare the two; switch the built-in row off with [setbacks] off = ["ID"] if yours replaces it',
        '请核对两者；如以自定义规则为准，请写 [setbacks] off = ["编号"]',
    ),
    "rule_unseen": ("no action, or choose a class a layer shows", "无需处理，或改用图层能表示的类别"),
}
