"""Text as it is compared: width, blanks, case, and traditional characters do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Traditional -> simplified, one character for one, for the words offices write in headers and
# categories. Names of places and firms are compared in the same way but shown as written.
_TRADITIONAL = (
    "與專業東兩個爲樂習鄉書產親從倉優會傳傷體儲兒關養內農衝況凍準劃則別劇辦務動區醫單佔臥衛廠壓縣雙發臺號噸員響園圍"
    "國圖場備頭娛學實寬賓對導層屬崗島嶺幹廣莊牀庫應廟廢開異棄強錄徑態總戶託執護報擬據數斷無時機權條來構標棟檔橋樓橫氣"
    "氫溝測濟塗澗溫灣滿濾濱點烴熱狀環現電鹽監蓋碼確離種積稱築類線編紅纖約級緯納縱組織經結繪絡絕統續維綜綠緣網罰職聯藝"
    "範藥營藍補裝規覽診計訓論設證評識話誤說調資質購負責貨貿車軸較輛輸邊達遷過運遠郵裏鎮鍾鈉鋼鈷鑽鉀鐵鉛銅鋁銷鋅錫錳鎳"
    "長門閉間隊階際險隱難頂項預額風館飯飲鶴黃檯裡綫眾臨脫為幼稚觀羅劉陳吳張趙馬龍鳳楊葉許鄭"
)
_SIMPLIFIED = (
    "与专业东两个为乐习乡书产亲从仓优会传伤体储儿关养内农冲况冻准划则别剧办务动区医单占卧卫厂压县双发台号吨员响园围"
    "国图场备头娱学实宽宾对导层属岗岛岭干广庄床库应庙废开异弃强录径态总户托执护报拟据数断无时机权条来构标栋档桥楼横气"
    "氢沟测济涂涧温湾满滤滨点烃热状环现电盐监盖码确离种积称筑类线编红纤约级纬纳纵组织经结绘络绝统续维综绿缘网罚职联艺"
    "范药营蓝补装规览诊计训论设证评识话误说调资质购负责货贸车轴较辆输边达迁过运远邮里镇钟钠钢钴钻钾铁铅铜铝销锌锡锰镍"
    "长门闭间队阶际险隐难顶项预额风馆饭饮鹤黄台里线众临脱为幼稚观罗刘陈吴张赵马龙凤杨叶许郑"
)
_FOLD = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")
# Of these the joiners may belong to a text as it is shown; what turns its direction, or cannot be seen, never does.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"\s+")
_LOOSE = re.compile(r"[\s_\-–—:.,;·*#'\"“”、。]+")
_BRACKETS = re.compile(r"[(\[{【〔<《（［｛].*?[)\]}】〕>》）］｝]")


def plain(value: object) -> str:
    """Text without width variants, invisible characters, line breaks and outer blanks; '' for missing."""
    if value is None or value != value:
        return ""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return " ".join(value.split())
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", str(value)))
    return _BLANKS.sub(" ", text).strip()


def visible(text: str) -> str:
    """``text`` without outer blanks and characters that nobody sees: a turned name would be read as another."""
    return _UNSEEN.sub("", text).strip()


# What `plain` leaves as it is (Han characters have no width variants), and what `key` never drops.
_PLAIN = "^(?:[!-~\u4e00-\u9fff]+(?: [!-~\u4e00-\u9fff]+)*)?$"
_LETTER = "[0-9A-Za-z\u4e00-\u9fff]"


def matches(values: pd.Series, pattern: str) -> NDArray[np.bool_]:
    """(N,) whether a pattern of RE2 is found in each text; False for missing."""
    found = pc.match_substring_regex(pa.array(values, pa.string()), pattern)
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def _text(values: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(values.dtype) and values.dtype != object


def plains(values: pd.Series) -> pd.Series:
    """`plain` of each value of a column, at the speed of a column where most are plain already."""
    if not _text(values):
        return values.map(plain)
    return _mended(values, matches(values, _PLAIN), plain)


def _mended(values: pd.Series, sure: NDArray[np.bool_], mend: Callable[[object], str]) -> pd.Series:
    if sure.all():
        return values
    out = values.to_numpy(object, copy=True)
    out[~sure] = [mend(v) for v in out[~sure]]
    return pd.Series(out, index=values.index, dtype=values.dtype)


def keys(values: pd.Series) -> pd.Series:
    """`key` of each value of a column with few different values."""
    codes, unique = pd.factorize(values, use_na_sentinel=False)
    return pd.Series(np.array([key(v) for v in unique], object)[codes], index=values.index, dtype=object)


def together(codes: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """The positions of each code, 0 to ``count`` - 1, in ascending order; those of code -1 are left out."""
    order = np.argsort(codes, kind="stable")[(codes < 0).sum() :]
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count))) if count else []


def blank(values: pd.Series) -> NDArray[np.bool_]:
    """(N,) whether nothing is left of a value as a `key`: missing, blanks, marks such as — or #."""
    if not _text(values):
        return (values.map(key) == "").to_numpy(bool)
    out = ~matches(values, _LETTER)
    out[out] = [key(v) == "" for v in values[out]]
    return out


def key(value: object) -> str:
    """What two spellings of one word share: `plain`, lower case, simplified, without blanks and marks."""
    return _key(value if isinstance(value, str) else plain(value))


@lru_cache(maxsize=1 << 16)
def _key(text: str) -> str:
    return _LOOSE.sub("", plain(text).casefold().translate(_FOLD))


@lru_cache(maxsize=1 << 12)
def bare(header: str) -> str:
    """`key` of a header without its brackets and their content: 占地(㎡) and 占地 agree."""
    return key(_BRACKETS.sub("", plain(header)))


def bracketed(value: object) -> str:
    """The content of the first pair of brackets, '' if there is none: the unit in 存量(吨)."""
    found = _BRACKETS.search(plain(value))
    return found.group()[1:-1].strip() if found else ""


def different(values: pd.Series | NDArray) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """(code (N,), the different values (U,)): each is judged once; code -1 where a value is missing."""
    try:
        codes, unique = pd.factorize(values)
    except TypeError:  # lists and tables inside cells
        codes, unique = pd.factorize(pd.Series([v if isinstance(v, str) or v is None else str(v) for v in values]))
    return codes, np.asarray(unique, object)
