"""The page in a browser without a window: its numbers are those of Keras, and it stays usable."""

import functools
import http.server
import json
import os
import shutil
import threading

import keras
import numpy as np
import pytest
from compare import assert_close, images, once, to_numpy

from demo import build
from keras_scatter.errors import errors_by_order

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
WebDriverWait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
WebDriverException = pytest.importorskip("selenium.common.exceptions").WebDriverException
ActionChains, Keys = webdriver.ActionChains, webdriver.Keys
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    once,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromium-driver are not installed"),
]
OPTIONS = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--window-size=1200,1000"]
OPTIONS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SECONDS = 60  # for what never takes as long


@pytest.fixture(scope="module")
def address(site):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def loaded(address):
    """A browser that shows the page."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in OPTIONS + ["--no-sandbox"] * (os.name == "posix" and os.geteuid() == 0):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    try:
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    except WebDriverException as error:
        pytest.skip(f"chromium does not start here: {error.msg}")
    try:
        driver.get(address)
        wait(driver, "window.demo?.errors && !demo.run")
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def page(loaded):
    """The page with the exact coefficients of the cat."""
    loaded.execute_script("document.querySelector('[value=exact]').click()")
    choose(loaded, "Cat")
    return loaded


def wait(driver, condition):
    script = f"return Boolean({condition})"
    WebDriverWait(driver, SECONDS, poll_frequency=0.05).until(lambda driver: driver.execute_script(script), condition)


def one(driver, selector):
    return driver.find_element("css selector", selector)


def text(driver, name):
    return one(driver, f"#{name}").get_property("textContent")


def value(driver, expression):
    return np.array(driver.execute_script(f"return Array.from({expression})"))


def choose(driver, sample):
    driver.execute_script(f"document.querySelector('[title={sample}]').click()")
    wait(driver, f"demo.source === {json.dumps(sample)} && !demo.run")


def canvas(driver):
    """The pixels of the canvas, read beside the page's own reading."""
    script = "demo.picture.canvas.getContext('2d').getImageData(0, 0, demo.size, demo.size).data"
    return value(driver, script).reshape(build.SIZE, build.SIZE, 4)


def coefficients(driver, name):
    return value(driver, f"demo.found.{name}.coefficients").reshape(-1, len(build.layers()["exact"].paths))


def of_keras(layer, picture):
    found = to_numpy(layer(picture[None, ..., None].astype("float32")))
    return found.reshape(-1, found.shape[-1])


def disc(driver, order):
    return [sector.get_attribute("fill") for sector in driver.find_elements("css selector", f"#disc-{order} .sector")]


def test_pixels_that_are_drawn_have_the_coefficients_of_keras(page):
    one(page, "#clear").click()
    picture = one(page, "#picture")
    for start, moves in [((-80, -60), [(100, 40), (20, 70)]), ((60, -90), [(-30, 150)])]:
        chain = ActionChains(page, duration=50).move_to_element_with_offset(picture, *start).click_and_hold()
        for move in moves:
            chain = chain.move_by_offset(*move)
        chain.release().perform()
    wait(page, "!demo.run")
    pixels = canvas(page)
    assert 50 < (pixels[..., 0] > 128).sum() < 1000
    assert (pixels[..., :3] == pixels[..., :1]).all()
    for name, layer in build.layers().items():
        assert_close(coefficients(page, name), of_keras(layer, pixels[..., 0] / 255), 1e-5)


def test_the_difference_is_shown(page):
    exact, distilled = coefficients(page, "exact"), coefficients(page, "distilled")
    paths = build.layers()["exact"].paths
    errors = errors_by_order(distilled[None], exact[None], paths)
    assert value(page, "demo.errors") == pytest.approx(errors, rel=1e-3, abs=1e-6)
    assert f"{100 * errors[1]:.2g} % in order 1" in text(page, "difference")
    before = disc(page, 1)
    one(page, "[value=difference] + span").click()
    difference = abs(distilled - exact).mean(0)
    assert value(page, "demo.average") == pytest.approx(difference, rel=1e-4, abs=1e-9)
    order_1 = [k for k, path in enumerate(paths) if path.order == 1]
    assert disc(page, 1) != before
    assert disc(page, 1).index("#fde725") == np.argmax(difference[order_1])  # the brightest colour
    assert "of the peak" in text(page, "scale-1")


@pytest.mark.parametrize("shown", ["exact", "difference"])
def test_an_empty_picture_has_no_coefficients(page, shown):
    one(page, f"[value={shown}] + span").click()
    one(page, "#clear").click()
    wait(page, "!demo.run")
    assert abs(coefficients(page, "exact")).max() < 1e-6
    assert set(disc(page, 1) + disc(page, 2)) == {"#440154"}  # the darkest colour
    assert text(page, "scale-1") == "00"  # its ends
    assert "0.0 % in order 1" in text(page, "difference")


def test_exact_and_distilled_are_switched_by_the_keyboard(page):
    exact = value(page, "demo.average")
    one(page, "[name=shown]").send_keys(Keys.ARROW_RIGHT)
    assert one(page, "[value=distilled]").is_selected()
    assert value(page, "demo.average") == pytest.approx(coefficients(page, "distilled").mean(0), rel=1e-5)
    assert abs(value(page, "demo.average") - exact).max() > 1e-6


def test_stripes_are_in_the_sector_of_their_waves(page):
    choose(page, "Stripes")
    brightest = disc(page, 1).index("#fde725")
    sectors = page.find_elements("css selector", "#disc-1 .sector")
    assert "direction 135°" in sectors[brightest].get_attribute("aria-label")
    pixels = np.round(build.samples()["Stripes"] * 255)
    assert abs(canvas(page)[..., 0] - pixels).max() <= 1


def test_a_picture_of_ones_own(page, tmp_path):
    picture = (images(64, 96, 3) * 255).astype("uint8")
    keras.utils.save_img(tmp_path / "wide.png", picture, scale=False)
    one(page, "#photograph").send_keys(str(tmp_path / "wide.png"))
    wait(page, "demo.source === 'wide.png' && !demo.run")
    grey = picture[:, 16:80] @ np.array([0.299, 0.587, 0.114])
    assert abs(canvas(page)[..., 0] - grey).max() <= 0.51
    assert text(page, "message") == ""
    assert one(page, "#photograph").get_attribute("capture") == "environment"
    assert one(page, "#photograph").get_attribute("accept") == "image/*"


def large(path):
    from PIL import Image

    Image.new("1", (9000, 9000)).save(path)


BAD = {
    "notes.txt": (lambda path: path.write_text("no image"), "notes.txt is no picture that this browser can read."),
    "cut.png": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "cut.png is no picture that this browser"),
    "wide.png": (large, "wide.png is too large: 9000 x 9000 pixels; at most 64 million."),
    "raw.jpg": (lambda path: path.write_bytes(bytes(33_000_000)), "raw.jpg is too large: 33 MB; at most 32 MB."),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_get_a_message(page, tmp_path, name):
    make, message = BAD[name]
    make(tmp_path / name)
    before = canvas(page)
    one(page, "#open").send_keys(str(tmp_path / name))
    wait(page, "document.getElementById('message').textContent")
    assert text(page, "message").startswith(message)
    assert one(page, "#message").aria_role == "alert"
    assert (canvas(page) == before).all()
    choose(page, "Rings")
    assert text(page, "message") == ""
    assert (canvas(page) != before).any()
    assert_close(coefficients(page, "exact"), of_keras(build.layers()["exact"], canvas(page)[..., 0] / 255), 1e-5)


def test_no_picture_gets_a_message(page):
    page.execute_script("document.getElementById('open').dispatchEvent(new Event('cancel'))")
    wait(page, "document.getElementById('message').textContent")
    assert text(page, "message") == "No picture was chosen; the one that is here stays."


def test_one_can_draw_by_the_keyboard(page):
    one(page, "#clear").click()
    one(page, "#picture").send_keys(Keys.ARROW_UP * 4, " ", Keys.ARROW_RIGHT * 10, " ", Keys.ARROW_DOWN * 20)
    wait(page, "!demo.run")
    # From the middle, (32, 32): a line three pixels wide, with round ends.
    rows, columns = np.nonzero(canvas(page)[..., 0] > 64)
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == pytest.approx((28, 37), abs=0.3)
    assert np.ptp(rows) <= 3
    assert 10 <= np.ptp(columns) <= 13


def test_sectors_are_chosen_by_the_keyboard(page):
    disc = one(page, "#disc-2")
    disc.send_keys(Keys.HOME)
    first = text(page, "chosen")
    assert first.startswith("Order 2: scale 0, direction ")
    disc.send_keys(Keys.ARROW_RIGHT)
    assert text(page, "chosen") != first
    disc.send_keys(Keys.ARROW_LEFT, Keys.ARROW_DOWN)
    assert "then scale 2" in text(page, "chosen")
    chosen = one(page, "#disc-2 [aria-selected=true]")
    assert chosen.get_attribute("id") == disc.get_attribute("aria-activedescendant")
    assert chosen.accessible_name in text(page, "chosen")


def test_the_map_is_that_of_the_chosen_path(page):
    one(page, "#disc-1").send_keys(Keys.HOME)
    side = build.SIZE // 2**build.J
    shades = "document.getElementById('map').getContext('2d')"
    found = value(page, f"{shades}.getImageData(0, 0, {side}, {side}).data").reshape(-1, 4)
    right = coefficients(page, "exact")[:, 1]
    assert found[np.argmax(right)].tolist() == [0xFD, 0xE7, 0x25, 255]
    assert f"largest {right.max():.3g}" in text(page, "chosen")


def test_all_controls_are_reached_by_tab(page):
    page.execute_script("document.activeElement.blur(); window.getSelection().collapse(document.body, 0)")
    found = set()
    for _ in range(30):
        ActionChains(page).send_keys(Keys.TAB).perform()
        found.add(page.execute_script("const e = document.activeElement; return e.id || e.title || e.name"))
    assert {"picture", "brush", "clear", "Cat", "Rings", "open", "photograph", "shown", "disc-1", "disc-2"} <= found


def test_everything_has_a_label(page):
    page.execute_script("document.querySelector('details').open = true")
    things = page.find_elements("css selector", "button, input, canvas, img, [tabindex], [role=radiogroup]")
    assert len(things) > 15
    assert [thing.get_attribute("outerHTML") for thing in things if not thing.accessible_name] == []


def test_the_page_fits_a_phone(page):
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 360
        assert one(page, "#disc-1").size["width"] > 200
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_request_leaves_the_host(page, address):
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert any(url.endswith(".wasm") for url in asked)
    assert [url for url in asked if not url.removeprefix("blob:").startswith(address)] == []


def test_the_policy_forbids_other_hosts(page):
    script = """const [done] = arguments;
    document.addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
    fetch("http://localhost:1/").catch(() => {});"""
    page.set_script_timeout(10)
    assert page.execute_async_script(script) == "http://localhost:1/"
