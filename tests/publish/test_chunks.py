import os

import pytest

from geo_risk.publish.tiles.chunks import CHUNK_BYTES, read_chunks, write_chunks


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_the_pieces_are_the_archive_again(tmp_path, size):
    data = os.urandom(1024) * (size // 1024 + 1)
    (tmp_path / "a.pmtiles").write_bytes(data[:size])
    count = write_chunks(tmp_path / "a.pmtiles", tmp_path / "js", "a")
    assert count == len(list((tmp_path / "js").iterdir())) == -(-size // CHUNK_BYTES)
    assert b"".join(read_chunks(tmp_path / "js", "a", count)) == data[:size]
    assert (tmp_path / "js" / "0.js").read_text().startswith('GEO_RISK_CHUNK("a", 0, "')


def test_pieces_that_hold_more_than_data_are_refused(tmp_path):
    (tmp_path / "a.pmtiles").write_bytes(b"abc")
    write_chunks(tmp_path / "a.pmtiles", tmp_path / "js", "a")
    with pytest.raises(ValueError, match=r"js/0\.js is missing or not piece 0 of 'b'"):
        list(read_chunks(tmp_path / "js", "b", 1))
    with pytest.raises(ValueError, match=r"js/1\.js is missing"):
        list(read_chunks(tmp_path / "js", "a", 2))
    piece = tmp_path / "js" / "0.js"
    piece.write_text(piece.read_text() + "alert(1)")
    with pytest.raises(ValueError, match="not piece 0"):
        list(read_chunks(tmp_path / "js", "a", 1))
