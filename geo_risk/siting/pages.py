"""Sites on a map."""

from __future__ import annotations

from .. import answers
from ..publish.words import phrase
from .ground import Ground
from .search import Sites


def write_sites(ground: Ground, found: Sites, to: str) -> None:
    """The free ground and the sites as one HTML file."""
    layer, frame = next(iter(found.project.items()))
    kind = str(frame["kind"].iloc[0])
    title = {"zh": f"选址：{phrase(kind)}", "en": f"Sites for a {kind.replace('_', ' ')}"}
    size, risk = float(found.area["area_km2"].sum()), _RISK[layer == "crowded_places"]
    note = {
        "zh": f"可行范围 {size:.2f} km²，比较了 {found.compared} 处；风险为{risk[0]}",
        "en": f"{size:.2f} km2 are free, {found.compared} places compared; risk is {risk[1]}",
    }
    tables = {"site_area": found.area, "sites": found.sites}
    answers.write_page(ground.region, to, tables, {}, title, found.sites if len(found.sites) else found.area, note)


_RISK = {
    False: ("每年预期增加的死亡人数", "the expected deaths a year it adds"),
    True: ("该处个人风险（每年）", "the individual risk there per year"),
}
