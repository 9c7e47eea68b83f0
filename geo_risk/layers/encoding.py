"""Which encoding a text is in, judged by the characters it would give."""

from __future__ import annotations

import codecs
import re

from ..errors import InputError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FAMILY = ("gb18030", "cp950")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\ue000-\uf8ff]")
# Share of common characters a right guess reaches on real text, and the most undecodable bytes a
# right guess leaves (a file cut in the middle of a character, one damaged cell).
_GOOD, _BAD_SHARE = 0.85, 0.001
_CLOSE = 0.05


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


def _score(data: bytes, encoding: str) -> float:
    """Share of everyday characters among the Han characters; 0 if too much cannot be decoded."""
    text = data.decode(encoding, "replace")
    if text.count("\ufffd") > max(1, _BAD_SHARE * len(text)):
        return 0.0
    han = _HAN.findall(text)
    return sum(map(_common, han)) / len(han) if han else 0.0


def guess(data: bytes, what: str) -> tuple[str, str]:
    """
    The encoding of ``data`` and a remark ('' if there is no doubt).

    Byte marks decide, then strict UTF-8, then GB 18030 against Big5 by the share of everyday
    characters they would give, then charset-normalizer.

    Raises
    ------
    InputError
        If no encoding gives readable text.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, ""
    sample = data[:400_000]
    zeros = sample[1::2].count(0), sample[0::2].count(0)
    if max(zeros) > len(sample) // 8:
        return ("utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"), ""
    try:
        data.decode("utf-8")
        return "utf-8", ""
    except UnicodeDecodeError:
        pass
    scores = sorted(((_score(sample, e), e) for e in ("utf-8", *_FAMILY)), reverse=True)
    (best, name), (second, other) = scores[0], scores[1]
    if best >= _GOOD:
        close = f"; {other} is almost as likely" if best - second < _CLOSE else ""
        return name, close
    from charset_normalizer import from_bytes

    found = from_bytes(sample).best()
    if found is None or _HAN.search(str(found)):
        raise InputError(
            f"{what}: the text is readable in none of UTF-8, UTF-16, GB 18030 and Big5. "
            "Open the file where it was made and save it again as UTF-8."
        )
    return found.encoding, ""


def decode(data: bytes, what: str) -> tuple[str, str, int]:
    """(text, encoding as told to a person, number of undecodable characters)."""
    name, remark = guess(data, what)
    text = data.decode(name, "replace")
    return text.removeprefix("\ufeff"), name.upper() + remark, text.count("\ufffd")
