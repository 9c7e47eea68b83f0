"""Write docs/settings.md and docs/tables.md from the code; a test fails when they are out of date."""

from pathlib import Path

from geo_risk.schema import LAYERS, RESULTS, Table
from geo_risk.settings import describe

HERE = Path(__file__).parent


def settings_page() -> str:
    """Every key of region.toml."""
    lines = [
        "# Settings",
        "",
        "Every key of `region.toml`, as `geo-risk settings` prints them. Made by `docs/generate.py`.",
        "",
    ]
    section = None
    for row in describe():
        if row["section"] != section:
            section = row["section"]
            lines += ["", f"## [{section}]", "", "| key | type | default | unit | meaning |", "|---|---|---|---|---|"]
        allowed = f" ({row['allowed']})" if row["allowed"] else ""
        cells = (f"`{row['key']}`", row["type"] + allowed, f"`{row['default']}`", row["unit"], row["meaning"])
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"


def tables_page() -> str:
    """Every layer and result table."""
    lines = [
        "# Layers and tables",
        "",
        "Made by `docs/generate.py` from `geo_risk/schema.py`.",
        "",
        "## Layers that are read",
        "",
    ]
    lines += ["Headers are recognised by the names and aliases below, whatever their case, width and brackets.", ""]
    lines += [line for table in LAYERS.values() for line in _table(table, aliases=True)]
    lines += ["## Tables that are computed", ""]
    lines += [line for table in RESULTS.values() for line in _table(table, aliases=False)]
    return "\n".join(lines) + "\n"


def _table(table: Table, *, aliases: bool) -> list[str]:
    head = "| column | type | unit | meaning | 中文 |" + (" also written | values |" if aliases else "")
    lines = [
        f"### {table.name} {table.zh}",
        "",
        f"Geometry: {table.geometry}.",
        "",
        head,
        "|" + "---|" * head.count(" |"),
    ]
    for c in table.columns:
        cells = [f"`{c.name}`" + (" (required)" if c.required else ""), c.dtype, c.unit, c.en, c.zh]
        if aliases:
            cells += ["、".join(c.aliases), ", ".join(c.domain)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


if __name__ == "__main__":
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8", newline="\n")
    (HERE / "tables.md").write_text(tables_page(), encoding="utf-8", newline="\n")
