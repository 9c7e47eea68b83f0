"""Which encoding a text is in, judged by the characters it would give."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from ..errors import InputError
from .headers import known

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FAMILY = ("gb18030", "cp950")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\ue000-\uf8ff]")
_CELL = re.compile(r"[,;|\t\r\n\"]+")
# Share of common characters a right guess reaches on real text, and the most undecodable bytes a
# right guess leaves (a file cut in the middle of a character, one damaged cell).
_GOOD, _BAD_SHARE = 0.85, 0.001
_CLOSE = 0.05
_HEAD = 4000  # characters in which header words are sought
_SAMPLE, _CHUNK = 400_000, 1 << 22  # bytes


def _common(character: str) -> bool:
    """Whether a Han character is among the everyday ones: level 1 of GB 2312 or of Big5."""
    try:
        return 0xB0 <= character.encode("gb2312")[0] <= 0xD7
    except UnicodeEncodeError:
        pass
    try:
        return 0xA4 <= character.encode("cp950")[0] <= 0xC6
    except UnicodeEncodeError:
        return False


def _score(data: bytes, encoding: str) -> tuple[float, int]:
    """Share of everyday characters among the Han ones (0 if too much cannot be decoded), and known header words."""
    text = data.decode(encoding, "replace")
    if text.count("\ufffd") > max(1, _BAD_SHARE * len(text)):
        return 0.0, 0
    han = _HAN.findall(text)
    words = sum(known(cell.strip()) for cell in set(_CELL.split(text[:_HEAD])) if _HAN.search(cell))
    return (sum(map(_common, han)) / len(han) if han else 0.0), words


# How files name the two families: code pages, GDAL's and MapInfo's words.
_LABELS = {
    "gb18030": re.compile("936|gb|simpchinese", re.IGNORECASE),
    "cp950": re.compile("950|big|tradchinese", re.IGNORECASE),
}


def guess(data: bytes, what: str, stated: str | None = None, label: str = "") -> tuple[str, str]:
    """
    The encoding of ``data``, the ``stated`` one or else found, and a remark ('' if there is no doubt).

    ``label`` is what the file itself says: it decides only between readings that are equally good.

    Byte marks decide, then strict UTF-8, then GB 18030 against Big5 by the share of everyday
    characters and the known header words they would give, then charset-normalizer.

    Raises
    ------
    InputError
        If no encoding gives readable text, or two give different texts that read equally well.
    """
    if stated is not None:
        return _stated(data, what, stated), ""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, ""
    sample = data[:_SAMPLE]
    zeros = sample[1::2].count(0), sample[0::2].count(0)
    if max(zeros) > len(sample) // 8:
        return ("utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"), ""
    if _is_utf8(data):
        return "utf-8", ""
    scores = {e: _score(sample, e) for e in ("utf-8", *_FAMILY)}
    name, other = sorted(scores, key=lambda e: scores[e], reverse=True)[:2]
    if scores[name][0] >= _GOOD:
        return _settled(sample, what, name, other, scores, label)
    from charset_normalizer import from_bytes

    found = from_bytes(sample).best()
    if found is None or _HAN.search(str(found)):
        raise InputError(
            f"{what}: the text is readable in none of UTF-8, UTF-16, GB 18030 and Big5. "
            "Open the file where it was made and save it again as UTF-8."
        )
    return found.encoding, ""


def _settled(
    sample: bytes, what: str, name: str, other: str, scores: dict[str, tuple[float, int]], label: str
) -> tuple[str, str]:
    """The better of two readings; where they are close header words decide, the file's own label, or a person."""
    (best, words), (second, others) = scores[name], scores[other]
    if best - second >= _CLOSE or sample.decode(name, "replace") == sample.decode(other, "replace"):
        return name, ""
    if words != others:
        name, other = (name, other) if words > others else (other, name)
        return name, f"; {other.upper()} reads as well, but its headers make no sense"
    said = next((e for e, words in _LABELS.items() if words.search(label)), None)
    if said in (name, other):
        return said, "; as the file says"
    shown = {e: _HAN.findall(sample[:_HEAD].decode(e, "replace"))[:8] for e in (name, other)}
    raise InputError(
        f"{what}: the text reads equally well as {name.upper()} ({''.join(shown[name])}) and as {other.upper()} "
        f'({"".join(shown[other])}). Look which is right and write encoding = "{name}" or encoding = "{other}" in its '
        "layer's section of region.toml, or save the file as UTF-8."
    )


def _stated(data: bytes, what: str, name: str) -> str:
    try:
        codecs.lookup(name)
        bad = sum(text.count("\ufffd") for text in _pieces(data[:_SAMPLE], name))
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f'{what}: encoding = "{name}" cannot be used ({error}). Write utf-8, gb18030 or big5.'
        ) from None
    if bad > max(1, _BAD_SHARE * len(data[:_SAMPLE])):
        raise InputError(f'{what}: encoding = "{name}" leaves {bad} unreadable characters. Correct or remove it.')
    mark = next((m for start, m in _MARKS if data.startswith(start)), "")
    return mark if codecs.lookup(name).name == "utf-8" and mark == "utf-8-sig" else name


def _pieces(data: bytes, name: str) -> Iterator[str]:
    """The text in pieces, bad bytes as �: never the whole as one string of two bytes a character."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    for start in range(0, len(data), _CHUNK):
        yield decoder.decode(data[start : start + _CHUNK])
    yield decoder.decode(b"", True)


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def decode(data: bytes, what: str, stated: str | None = None) -> tuple[str, str, int]:
    """(text, encoding as told to a person, number of undecodable characters)."""
    utf8, name, bad = to_utf8(data, what, stated)
    return utf8.decode("utf-8"), name, bad


def to_utf8(data: bytes, what: str, stated: str | None = None) -> tuple[bytes, str, int]:
    """(the same text as UTF-8 bytes without a mark, encoding as told to a person, undecodable characters)."""
    name, remark = guess(data, what, stated)
    if name == "utf-8" and _is_utf8(data):
        return data, "UTF-8", data.count("\ufffd".encode())
    pieces = [piece.encode("utf-8", "replace") for piece in _pieces(data, name)]
    out = b"".join(pieces).removeprefix(codecs.BOM_UTF8)
    return out, name.upper() + remark, out.count("\ufffd".encode())
