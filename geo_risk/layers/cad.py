"""Drawings (DXF): one sub-layer a drawing layer, closed lines as outlines, texts as the names of what holds them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .raw import Raw


def layer_names(raw: Raw) -> list[str]:
    """The drawing layers that have entities, in the order of their names."""
    return sorted({str(name) for name in raw.frame["Layer"] if name})


def take_layer(raw: Raw, name: str, kind: str) -> None:
    """
    Keep one drawing layer of a whole drawing; rows are numbered by entity of the file.

    Where outlines are wanted (``kind`` polygon, or any and all its lines are closed) closed lines
    become outlines. Texts beside outlines or lines are labels, not rows: a text in an outline (the
    smallest that holds it) becomes its ``name`` if it is the only one there. Texts of other drawing
    layers are looked at if this one has none. A layer of texts alone keeps them, as points.
    """
    assert raw.geometry is not None
    frame, shapes = raw.frame, raw.geometry
    texts = np.array([isinstance(t, str) and bool(t.strip()) for t in frame["Text"]], bool)
    texts &= shapely.get_type_id(shapes) == 0
    paper = (
        frame["PaperSpace"].fillna(0).astype(bool).to_numpy() if "PaperSpace" in frame else np.zeros(len(frame), bool)
    )
    here = (frame["Layer"] == name).to_numpy() & ~paper
    drawn = here & ~texts
    labels = texts & here if (texts & here).any() else texts & ~paper
    words, spots = frame["Text"].to_numpy(object)[labels], shapes[labels]
    keep = drawn if drawn.any() else here
    hidden = int(((frame["Layer"] == name).to_numpy() & paper).sum())
    if hidden:
        raw.log.note("not_data", count=hidden, detail="paper space")
    raw.take(keep)
    raw.read, raw.sublayer = int(keep.sum()), name
    raw.frame = raw.frame.drop(columns=[c for c in ("PaperSpace", "SubClasses") if c in raw.frame])
    if not drawn.any():
        raw.frame["name"] = [" ".join(t.split()) if isinstance(t, str) else None for t in raw.frame.pop("Text")]
        return
    raw.frame = raw.frame.drop(columns="Text")
    _outline(raw, kind)
    if len(words):
        _label(raw, words, spots)


def _outline(raw: Raw, kind: str) -> None:
    """Closed lines become polygons where these are wanted."""
    assert raw.geometry is not None
    lines = shapely.get_type_id(raw.geometry) == 1
    closed = lines & shapely.is_closed(raw.geometry) & (shapely.get_num_coordinates(raw.geometry) >= 4)
    if kind == "polygon" or (kind in ("", "any") and (closed == lines).all()):
        for i in np.flatnonzero(closed):
            raw.geometry[i] = shapely.Polygon(raw.geometry[i].coords)
        raw.log.group("noted", "outlined", list(raw.rows[closed]), values=[""] * int(closed.sum()))


def _label(raw: Raw, words: NDArray, spots: NDArray) -> None:
    """Names from texts, each in the smallest outline that holds it."""
    assert raw.geometry is not None
    shapes = raw.geometry
    areas = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)) & shapely.is_valid(shapes))
    if not len(areas):
        return
    spot, area = shapely.STRtree(shapes[areas]).query(spots, predicate="within")
    order = np.lexsort((areas[area], shapely.area(shapes[areas[area]]), spot))
    spot, area = spot[order], areas[area[order]]
    smallest = np.r_[True, spot[1:] != spot[:-1]] if len(spot) else np.zeros(0, bool)
    owners, texts = area[smallest], [" ".join(str(words[s]).split()) for s in spot[smallest]]
    found: dict[int, list[str]] = {}
    for owner, text in zip(owners, texts, strict=True):
        found.setdefault(int(owner), []).append(text)
    names = [found[i][0] if len(found.get(i, ())) == 1 else None for i in range(len(raw.frame))]
    raw.frame["name"] = pd.Series(names, dtype=object)
    several = [i for i in sorted(found) if len(found[i]) > 1]
    raw.log.group("noted", "labels_many", list(raw.rows[several]), values=[" | ".join(found[i]) for i in several])
    raw.log.note("labelled", count=int(raw.frame["name"].notna().sum()))
