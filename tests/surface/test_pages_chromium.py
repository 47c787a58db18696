"""The pages in a real browser: what only a browser can show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import chromium
import pytest
import scene
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from oci import app
from oci.db import tables
from oci.services.machines import verbs

pytestmark = [
    pytest.mark.one_database,  # what a browser makes of a page; the pages themselves are asked for on each
    pytest.mark.skipif(not chromium.there(), reason="chromium and chromium-driver are not installed"),
    # selenium and werkzeug leave sockets of ended connections to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
PAGES = (
    "/",
    "/machines",
    "/machines/1",
    "/machines/1?tab=hardware",
    "/machines/1?tab=disks",
    "/machines/1?tab=network",
    "/machines/1/assign",
    "/machines/2/release",
    "/machines/enrol",
    "/clusters",
    "/networks",
    "/networks/prov",
    "/networks/prov/forget",
    "/machines/1/cabling",
    "/clusters/c1",
    "/declare",
    "/settings?cluster=c1",
    "/settings/ssh_authorized_keys/set?cluster=c1",
    "/settings/attempts/unset?cluster=c1",
    "/events",
    "/people",
    "/account",
)
# Contrast of every text against what lies behind it, as WCAG 2.1 defines it in 1.4.3.
CONTRAST = """
const line = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = (c) => { const [r, g, b] = c.map((v) => line(v / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const parts = (text) => (text.match(/[0-9.]+/g) || []).map(Number);
const behind = (node) => { for (let n = node; n; n = n.parentElement) { const c = parts(getComputedStyle(n).backgroundColor);
  if (c.length === 3 || c[3] > 0.9) return c.slice(0, 3); } return [255, 255, 255]; };
const poor = [];
for (const node of document.querySelectorAll("body *")) {
  const text = [...node.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
  if (!text || !node.offsetParent || node.closest(".visually-hidden, option")) continue;
  const style = getComputedStyle(node); const a = light(parts(style.color).slice(0, 3)); const b = light(behind(node));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push(`${node.tagName} ${text.slice(0, 30)} ${style.color} ${ratio.toFixed(2)}`);
}
return poor;
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with chromium.browser() as made:
        yield made


@pytest.fixture
def site(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    world.outside(clock=time.time)
    with chromium.served(scene.open_pages(world, monkeypatch)) as url:
        yield url


@pytest.fixture
def page(driver: Chrome, site: str) -> Chrome:
    """The browser, with olga signed in."""
    chromium.colours(driver, "light")
    driver.get_log("browser")
    enter(driver, site, "olga")
    return driver


def enter(driver: Chrome, site: str, name: str) -> None:
    driver.delete_all_cookies()
    driver.get(f"{site}/signin")
    press(driver, name, Keys.TAB, scene.PASSWORD, Keys.ENTER)
    arrive(driver, "/")


def press(driver: Chrome, *keys: str) -> None:
    """Press keys wherever the focus is."""
    ActionChains(driver).send_keys(*keys).perform()


def arrive(driver: Chrome, end: str) -> None:
    """Wait until a page whose address ends so is there as a whole."""
    wait(lambda: driver.current_url.endswith(end) and driver.execute_script("return document.readyState") == "complete")


def wait(true: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until `true`."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, "it did not come"
        time.sleep(0.02)


def tab_to(driver: Chrome, id: str) -> None:
    """Move the focus with the tab key alone."""
    for _ in range(60):
        if driver.switch_to.active_element.get_attribute("id") == id:
            return
        press(driver, Keys.TAB)
    raise AssertionError(f"the tab key never reached {id}")


def text(driver: Chrome) -> str:
    return str(driver.execute_script("return document.body.innerText"))


def test_the_timeline_grows_and_nothing_reloads(page: Chrome, site: str, world: Any) -> None:
    page.get(f"{site}/machines/machine-1")
    page.execute_script("window.stays = 1; document.getElementById('tab-disks').focus(); window.scrollTo(0, 40)")
    for words in ("Streaming the system", "Puppet converged"):
        scene.add_event(world, 1, words)
        wait(lambda words=words: words in text(page))
    assert page.execute_script("return window.stays") == 1
    assert page.switch_to.active_element.get_attribute("id") == "tab-disks"


def test_the_list_and_the_spoken_words_follow(page: Chrome, site: str, world: Any) -> None:
    page.get(f"{site}/machines/machine-1")
    name = scene.assign(world, "machine-1")
    wait(lambda: name in text(page))
    wait(lambda: page.execute_script("return document.getElementById('say').textContent") == f"{name} is assigned")
    page.get(f"{site}/machines")
    scene.add_machine(world, scene.MACS[1], "newcomer")
    wait(lambda: "newcomer" in text(page))


def test_assign_and_install_with_the_keyboard_alone(page: Chrome, site: str, world: Any) -> None:
    page.get(f"{site}/")
    press(page, "g", "m")
    arrive(page, "/machines")
    press(page, "j", Keys.ENTER)
    arrive(page, "/machines/machine-1")
    tab_to(page, "do-assign")
    press(page, Keys.ENTER)
    wait(lambda: page.find_elements(By.ID, "role"))
    tab_to(page, "role")
    press(page, "compute")
    tab_to(page, "hostname")
    press(page, "Bad Name", Keys.ENTER)
    wait(lambda: page.find_elements(By.ID, "hostname-error"))
    assert page.switch_to.active_element.get_attribute("id") == "hostname"
    ActionChains(page).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()
    press(page, "node7", Keys.ENTER)
    arrive(page, "/machines/node7.lab.test")
    tab_to(page, "do-install")
    press(page, Keys.ENTER)
    wait(lambda: "is being installed" in text(page))
    with world.appliance.make_session() as db:
        assert db.get(tables.Machine, 1).state == "installing"
        assert db.get(tables.Assignment, 1).hostname == "node7"


def test_the_log_follows_its_end_unless_its_reader_went_up(page: Chrome, site: str, world: Any) -> None:
    verbs.install(world.ctx(), scene.assign(world, "machine-1"))
    log = "\n".join(f"line {number}" for number in range(300))
    scene.change(world, tables.Work, 1, log=log)
    page.get(f"{site}/machines/1?tab=log")
    at = "const l = document.querySelector('.log'); return l.scrollTop"
    assert page.execute_script(at) > 0
    scene.change(world, tables.Work, 1, log=f"{log}\nlast but one")
    wait(lambda: "last but one" in text(page))
    assert page.execute_script(f"{at} + l.clientHeight - l.scrollHeight") > -5
    page.execute_script("document.querySelector('.log').scrollTop = 40")
    scene.change(world, tables.Work, 1, log=f"{log}\nlast but one\nlast of all")
    wait(lambda: "last of all" in text(page))
    assert page.execute_script(at) == 40


def test_a_second_click_orders_nothing_twice(page: Chrome, site: str, world: Any) -> None:
    name = scene.assign(world, "machine-1")
    page.get(f"{site}/machines/{name}")
    page.execute_script("const b = document.getElementById('do-install'); b.click(); b.click();")
    wait(lambda: "is being installed" in text(page))
    with world.appliance.make_session() as db:
        assert db.query(tables.Work).count() == 1


def test_keys(page: Chrome, site: str) -> None:
    page.get(f"{site}/machines")
    press(page, "?")
    assert page.execute_script("return document.getElementById('keys').open")
    press(page, Keys.ESCAPE)
    wait(lambda: not page.execute_script("return document.getElementById('keys').open"))
    # The focus may still be on the button of the closed dialog, which must not swallow the next key.
    page.execute_script(
        "document.querySelector('#keys button').dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))"
    )
    assert page.switch_to.active_element.get_attribute("id") == "find"
    page.execute_script("document.activeElement.blur()")
    press(page, "/")
    wait(lambda: page.switch_to.active_element.get_attribute("id") == "find")
    press(page, "g", "c")
    assert page.current_url.endswith("/machines")  # letters typed into a field are no commands
    press(page, Keys.ESCAPE)
    press(page, "g", "c")
    arrive(page, "/clusters")
    press(page, Keys.TAB)
    assert "Skip" in page.switch_to.active_element.text


def test_the_systems_colours_are_followed_while_the_page_is_open(page: Chrome, site: str) -> None:
    page.get(f"{site}/machines")
    seen = []
    for scheme in ("light", "dark"):
        chromium.colours(page, scheme)
        wait(lambda scheme=scheme: page.execute_script("return document.documentElement.dataset.bsTheme") == scheme)
        seen.append(page.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert seen == ["rgb(255, 255, 255)", "rgb(33, 37, 41)"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_width_and_a_silent_console(page: Chrome, site: str, world: Any, scheme: str) -> None:
    for number, state in enumerate(("installing", "configuring", "active", "failed", "retired", "releasing"), 2):
        mac = f"52:54:00:79:00:{number:02x}"
        scene.add_machine(world, mac, state=state, reason="it has one")
    scene.change(world, tables.Machine, 2, state="active")
    scene.add_event(world, 1, "it failed", "install.failed")
    enter(page, site, "ada")
    chromium.colours(page, scheme)
    for path in PAGES:
        page.get(site + path)
        wait(lambda: page.execute_script("return document.documentElement.dataset.bsTheme") == scheme)
        assert page.execute_script(CONTRAST) == [], path
        assert page.execute_script("return document.documentElement.scrollWidth") <= 1280, path
    assert [line["message"] for line in page.get_log("browser") if line["level"] == "SEVERE"] == []


def test_a_phone_held_upright_and_a_narrow_laptop(page: Chrome, site: str, world: Any) -> None:
    for number, state in enumerate(("installing", "configuring", "failed"), 2):
        scene.add_machine(world, f"52:54:00:79:00:{number:02x}", f"{state}{number}.rack.example.org", state=state)
    try:
        for width in (390, 1024):
            chromium.phone(page, width)
            for path in (p for p in PAGES if p not in ("/people", "/machines/2/release")):
                page.get(site + path)
                assert page.execute_script("return document.documentElement.scrollWidth") <= width, path
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_times_are_in_the_readers_zone(page: Chrome, site: str) -> None:
    page.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"})
    page.get(f"{site}/machines/machine-1")
    wait(lambda: page.find_element(By.CSS_SELECTOR, "time").get_attribute("title").endswith("+05:30"))
    page.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_a_page_says_when_it_cannot_update(page: Chrome, world: Any) -> None:
    with chromium.served(app.operators(world.appliance)) as url:
        enter(page, url, "olga")
        page.get(f"{url}/machines")
        assert not page.find_element(By.ID, "lost").is_displayed()
    wait(lambda: page.find_element(By.ID, "lost").is_displayed())
