"""The finished map of the demo city, as a person opens it: no outside request, no error, four colours."""

import threading

import numpy as np
import pytest
from rasterio.io import MemoryFile

from geo_risk.publish.server import create_app, listen

pytestmark = pytest.mark.browser

# Red, green and blue from-to of each grade as drawn, translucent and hatched, on the light base map.
COLOURS = {
    "red": ((120, 225), (0, 110), (0, 110)),
    "orange": ((215, 255), (95, 175), (0, 130)),
    "yellow": ((225, 255), (205, 245), (60, 190)),
    "blue": ((50, 150), (110, 190), (180, 240)),
}


def pixels(png: bytes) -> dict[str, int]:
    """How many pixels of a picture have each grade's colour."""
    with MemoryFile(png) as memory, memory.open() as picture:
        bands = picture.read([1, 2, 3]).astype(int)
    return {
        name: int(
            np.logical_and.reduce(
                [(b >= low) & (b <= high) for b, (low, high) in zip(bands, limits, strict=True)]
            ).sum()
        )
        for name, limits in COLOURS.items()
    }


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(("width", "height", "left"), [(1280, 800, 320), (390, 844, 0)])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_four_colours_over_a_city(city, visit, width, height, left, lang):
    page = visit((city / "site" / "internal" / "index.html").as_uri() + f"#lang={lang}&layers=grade", width, height)
    page.wait_for_timeout(1500)
    clip = {"x": left, "y": 130, "width": width - left - 130, "height": 380}
    found = pixels(page.screenshot(clip=clip))
    assert all(count >= 100 for count in found.values()), found
    assert ("安全风险一张图" if lang == "zh" else "safety risk") in page.inner_text("body")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_public_map_names_no_hazard(city, visit):
    page = visit((city / "site" / "public" / "index.html").as_uri())
    text = page.inner_text("body")
    assert "镇街风险等级" in text
    for word in ("重大危险源", "油气管线", "间距冲突", "企业风险等级"):
        assert word not in text


def test_the_single_file_opens(city, tmp_path, visit):
    import geo_risk

    file = tmp_path / "one.html"
    geo_risk.Region(city).publish(single_file=True, to=file)
    page = visit(file.as_uri(), expect_map=False)
    page.wait_for_function("() => document.querySelectorAll('.leaflet-interactive, canvas').length > 0")
    assert page.locator(".leaflet-control-layers").count() == 1


def test_the_first_view_is_light_and_keeps_to_the_servers_policy(city, visit):
    """Asked over http as `geo-risk serve` answers; a script or an address that its policy forbids would be an error."""
    server = listen(create_app(city / "site"), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        page = visit(f"http://127.0.0.1:{server.effective_port}/internal/")
        entries = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".map(e => [e.name, e.transferSize, e.decodedBodySize])"
        )
    finally:
        server.close()
    sent = {name.rpartition("/")[2].split(".")[0]: size for name, size, _ in entries}
    assert {"", "app", "site"} <= set(sent)  # the page itself has no name
    packed = [size < whole / 2 for name, size, whole in entries if name.endswith((".js", ".css"))]
    assert packed == [True] * 3
    assert sum(size for _, size, _ in entries) <= 0.7e6
