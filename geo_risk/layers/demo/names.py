"""Invented names. None of the townships, and no firm with these marks and credit codes, exists."""

from __future__ import annotations

import numpy as np

from .rng import shuffled

TOWNS = [
    "澜城街道",
    "橹桥街道",
    "云矶街道",
    "桂渚街道",
    "松陂街道",
    "澜港街道",
    "石矶镇",
    "青墩镇",
    "柳荡镇",
    "和堰镇",
    "双泾镇",
    "长圩镇",
    "杏桥镇",
    "白鹭镇",
    "砚桥镇",
    "苇泾镇",
    "菱渚镇",
]
_FIRST = "澜云桂松石青柳和双长杏白砚苇菱橹霁岚汀芷蘅钰恺煜祺骁弘翊沐璟宸昱骏铭峻瀚泓沛涵霖楷榕樾桦梓枫荣启凌驰腾跃"
_SECOND = "矶渚陂墩荡堰泾圩桥鹭舸帆航源晟达茂兴隆泰瑞祥丰裕恒毅诚信德润泽海川山岳峰林森岩磊鑫锐创科迈拓展维纬经络韵"
_ROAD = [
    "澜江",
    "云矶",
    "桂渚",
    "松陂",
    "石矶",
    "青墩",
    "柳荡",
    "和堰",
    "双泾",
    "长圩",
    "杏桥",
    "白鹭",
    "砚桥",
    "苇泾",
    "菱渚",
    "橹桥",
    "朝霞",
    "望江",
    "学府",
    "丰收",
    "新华",
    "和平",
    "滨河",
    "文昌",
    "振兴",
    "长安",
    "迎宾",
    "花园",
    "光华",
    "东风",
]


def town_names(n: int) -> list[str]:
    """The 17 invented townships, then more of the same kind."""
    more = [f"{a}{b}镇" for a in _FIRST[16:40] for b in "渚墩荡堰泾圩"]
    return (TOWNS + more)[:n]


def marks(rng: np.random.Generator, n: int) -> list[str]:
    """(n,) different two-syllable marks while they last, then with a number."""
    pairs = [a + b for a in _FIRST for b in _SECOND]
    order = shuffled(rng, len(pairs))
    numerals = ("", "华", "新", "东", "盛", "益", "通", "嘉", "联", "创", "永", "正", "安", "宏", "佳", "利")
    return [pairs[order[i % len(pairs)]] + numerals[i // len(pairs) % len(numerals)] for i in range(n)]


def road_names(rng: np.random.Generator, n: int, ending: str) -> list[str]:
    """(n,) road names; they repeat when all are used."""
    base = [f"{word}{side}{ending}" for side in ("", "东", "西", "南", "北", "中") for word in _ROAD]
    base += [f"{a}{b}{ending}" for a in _FIRST for b in _SECOND]
    order = np.concatenate([shuffled(rng, 180), 180 + shuffled(rng, len(base) - 180)])
    return [base[order[i % len(base)]] for i in range(n)]
