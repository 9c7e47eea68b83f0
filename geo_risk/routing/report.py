"""What became of a roads layer on its way to a network, and what its maker should look at."""

from __future__ import annotations

from dataclasses import dataclass, field

# Below these shares the report warns: the layer is then hardly usable as a network.
WARN_MAIN_SHARE = 0.8
WARN_JOINED_SHARE = 0.5


@dataclass(frozen=True)
class NetworkReport:
    """
    What became of the roads layer.

    ``skipped`` counts roads left out, by reason; ``corrected`` counts values not taken as written,
    by reason; ``main_share`` is the share of the length in the largest strong component and
    ``joined_share`` the share of line ends that meet another line; where that is low, ``unjoined_crossings``
    counts the crossings without a common vertex (None: not counted). ``turns`` counts the turn restrictions that are
    kept to, ``turns_left_out`` the others, by reason, and ``turns_widened`` those kept to at more hours than they say,
    by reason. ``warnings`` name the next step.
    """

    roads: int
    used: int
    skipped: dict[str, int]
    corrected: dict[str, int]
    merged_ends: int
    connected_ends: int
    split_crossings: int
    joined_share: float
    nodes: int = 0
    edges: int = 0
    length_km: float = 0.0
    components: int = 0
    main_share: float = 0.0
    dead_ends: int = 0
    unjoined_crossings: int | None = None
    turns: int = 0
    turns_left_out: dict[str, int] = field(default_factory=dict)
    turns_widened: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def warnings_of(report: NetworkReport) -> tuple[str, ...]:
    """Why a layer is hardly usable as a network, and what to do."""
    found = []
    if report.joined_share < WARN_JOINED_SHARE:
        found.append(
            f"only {report.joined_share:.0%} of the line ends meet another line, and "
            f"{report.unjoined_crossings} crossings have no common vertex: the layer is hardly cut at its junctions. "
            "Set merge_ends_m, connect_m or split_crossings under [rescue], or repair the layer."
        )
    if report.main_share < WARN_MAIN_SHARE:
        found.append(
            f"only {report.main_share:.0%} of the road length ({report.components} parts) is connected both ways: "
            "many places will be unreachable. Check the one-way column, gaps between lines (merge_ends_m, connect_m) "
            "and crossings without a common vertex (split_crossings) under [rescue]."
        )
    return tuple(found)
