"""Rows that a function cannot tell apart, answered once: asked again only where something it looked at differs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .rows import text

T = TypeVar("T")
# A column, or a pattern (its text and flags, quicker to look up than itself) and the columns it is sought in.
Question = str | tuple[str, int, tuple[str, ...]]


class _Cells(NamedTuple):
    """A table's columns as they are, and what was made of them: codes, and texts of several columns joined."""

    columns: dict[str, NDArray[np.object_]]
    codes: dict[str, NDArray[np.int64]]
    joined: dict[tuple[str, ...], list[str]]
    matched: dict[Question, dict[int, bool]]

    def texts(self, names: tuple[str, ...]) -> list[str]:
        if names not in self.joined:
            parts = [
                [v.strip() if isinstance(v, str) else "" for v in self.columns[name]]
                for name in names
                if name in self.columns
            ]
            length = len(next(iter(self.columns.values())))
            self.joined[names] = [" ".join(p) for p in zip(*parts, strict=True)] if parts else [""] * length
        return self.joined[names]

    def matches(self, question: Question, pattern: re.Pattern[str], names: tuple[str, ...], at: int) -> bool:
        known = self.matched.setdefault(question, {})
        if at not in known:
            known[at] = pattern.search(self.texts(names)[at]) is not None
        return known[at]


class Row(Mapping[str, Any]):
    """One row of a table that notes what is asked of it."""

    def __init__(
        self,
        cells: _Cells,
        at: int,
        asked: dict[Question, re.Pattern[str] | None] | None = None,
        instead: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._cells, self._at, self._instead = cells, at, instead
        self.asked: dict[Question, re.Pattern[str] | None] = {} if asked is None else asked

    def replaced(self, column: str, value: Any) -> Row:
        """The row with another value in ``column``; what is asked of it is noted here."""
        return Row(self._cells, self._at, self.asked, {**self._instead, column: value})

    def __getitem__(self, column: str) -> Any:
        if column in self._instead:
            return self._instead[column]
        self.asked[column] = None
        return self._cells.columns[column][self._at]

    def get(self, column: str, default: Any = None) -> Any:
        """The cell; ``default`` where the table has no such column."""
        if column in self._instead:
            return self._instead[column]
        self.asked[column] = None
        cells = self._cells.columns.get(column)
        return default if cells is None else cells[self._at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells.columns)

    def __len__(self) -> int:
        return len(self._cells.columns)

    def mentions(self, pattern: re.Pattern[str], columns: tuple[str, ...]) -> bool:
        """As the function ``mentions``; what else the texts say makes no difference then."""
        if not self._instead.keys().isdisjoint(columns):
            return bool(pattern.search(" ".join(text(self, column) for column in columns)))
        question = (pattern.pattern, pattern.flags, columns)
        self.asked[question] = pattern
        return self._cells.matches(question, pattern, columns, self._at)


def mentions(row: Mapping[str, Any], pattern: re.Pattern[str], *columns: str) -> bool:
    """Whether ``pattern`` is found in the texts of ``columns``, joined by blanks; missing ones are empty."""
    asked = getattr(row, "mentions", None)
    if asked is not None:
        return bool(asked(pattern, columns))
    return bool(pattern.search(" ".join(text(row, c) for c in columns)))


def replaced(row: Mapping[str, Any], column: str, value: Any) -> Mapping[str, Any]:
    """The row with another value in ``column``."""
    return row.replaced(column, value) if isinstance(row, Row) else {**row, column: value}


def columns_asked(row: Mapping[str, Any]) -> set[str]:
    """The columns that a row given by ``alike`` was asked for so far."""
    asked = row.asked if isinstance(row, Row) else dict.fromkeys(row)
    return {column for question in asked for column in ((question,) if isinstance(question, str) else question[2])}


def alike(frame: pd.DataFrame, function: Callable[[Mapping[str, Any]], T]) -> tuple[NDArray[np.int64], list[T]]:
    """
    ``function`` of every row, called once for all rows that agree in everything it looked at.

    It must be a pure function of the cells it takes with ``row[...]``, ``row.get`` and ``mentions``; missing cells
    (None, NaN, NA) are all the same to it.

    Returns
    -------
    code, answers : (N,), list
        The answer for row i is ``answers[code[i]]``.
    """
    cells = _Cells({str(name): frame[name].to_numpy(object) for name in frame.columns}, {}, {}, {})
    code = np.empty(len(frame), np.int64)
    answers: list[T] = []
    pending = [(np.arange(len(frame)), 0)] if len(frame) else []  # rows that agree in the first so many questions
    while pending:
        rows, agreed = pending.pop()
        row = Row(cells, int(rows[0]))
        answer = function(row)
        for at, (question, pattern) in enumerate(row.asked.items()):
            if at < agreed or len(rows) == 1:
                continue
            same, *others = _split(rows, _coded(question, pattern, rows, cells))
            pending += [(group, at + 1) for group in others]
            rows = same
        code[rows] = len(answers)
        answers.append(answer)
    return code, answers


def _coded(question: Question, pattern: re.Pattern[str] | None, rows: NDArray, cells: _Cells) -> NDArray:
    """A number for each answer the rows give to the question."""
    if isinstance(question, tuple):
        assert pattern is not None
        texts = cells.texts(question[-1])
        return np.array([pattern.search(texts[i]) is not None for i in rows.tolist()], dtype=np.int64)
    if question not in cells.columns:
        return np.zeros(len(rows), np.int64)
    if question not in cells.codes:
        cells.codes[question] = pd.factorize(cells.columns[question])[0]
    return cells.codes[question][rows]


def _split(rows: NDArray, code: NDArray) -> list[NDArray]:
    """The rows by code, those with the code of the first row first."""
    if (code == code[0]).all():
        return [rows]
    order = np.argsort(code, kind="stable")
    groups = np.split(rows[order], np.flatnonzero(np.diff(code[order])) + 1)
    first = next(i for i, group in enumerate(groups) if group[0] == rows[0])
    return [groups.pop(first), *groups]
