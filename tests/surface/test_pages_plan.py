"""A plan is read, approved and watched in a real browser, with the keyboard alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import chromium
import pytest
import scene
from cloudy import Behaviour, cluster, machine, turn
from selenium.webdriver import Chrome, Keys
from test_pages_chromium import CONTRAST, arrive, driver, enter, press, pytestmark, wait  # noqa: F401 (fixture and marks)

from oci.app import APPLIANCE
from oci.services.deploy import deployments

ALL = [f"controller{n}.lab.test" for n in (1, 2, 3)] + [f"compute{n}.lab.test" for n in (1, 2)]
WIDTHS = (1280, 390)


@pytest.fixture
def page(driver: Chrome, world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Chrome, str]]:  # noqa: F811
    """The browser with olga signed in, before a cluster of five; and where the pages are."""
    world.outside(clock=time.time)
    pages = scene.open_pages(world, monkeypatch)
    assert cluster(world, controller=3, compute=2) == ALL
    pages.extensions["oci"] = world.appliance
    with chromium.served(pages) as url:
        chromium.colours(driver, "light")
        driver.get_log("browser")
        enter(driver, url, "olga")
        yield driver, url


def go_to(browser: Chrome, name: str) -> None:
    """Press Tab until the focus is on the element of that id."""
    for _ in range(200):
        if browser.execute_script("return document.activeElement && document.activeElement.id") == name:
            return
        press(browser, Keys.TAB)
    raise AssertionError(f"no way by keyboard to {name}")


def looks_well(browser: Chrome, what: str) -> None:
    """Nothing is too pale to be read, nothing is wider than the screen, and the browser complains of nothing."""
    for scheme in ("dark", "light"):
        chromium.colours(browser, scheme)
        browser.get(browser.current_url)  # colours that are on their way are nobody's
        wait(lambda scheme=scheme: browser.execute_script("return document.documentElement.dataset.bsTheme") == scheme)
        assert browser.execute_script(CONTRAST) == [], (what, scheme)
    try:
        for width in WIDTHS:
            chromium.phone(browser, width)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, (what, width)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"] == [], what


def said(browser: Chrome) -> str:
    """All that is to be read now: parts of the page are replaced at any moment."""
    text: str = browser.execute_script("return document.body.innerText")
    return text


def rounds(world: Any, many: int, does: dict[str, Behaviour] | None = None) -> None:
    for _ in range(many):
        deployments.advance(world.ctx(APPLIANCE))
        for name in ALL:
            turn(world, name, (does or {}).get(name))


def test_a_plan_is_read_approved_fails_is_tried_again_and_ends_well(page: tuple[Chrome, str], world: Any) -> None:
    browser, url = page
    machine(world, "compute", "assigned")
    browser.get(f"{url}/clusters/c1")
    go_to(browser, "plan")
    press(browser, Keys.ENTER)
    arrive(browser, "/clusters/c1/plan")
    assert "converge 5 machines, wait 1 machine in 3 waves" in said(browser)
    looks_well(browser, "plan")
    go_to(browser, "deploy")
    press(browser, Keys.ENTER)
    arrive(browser, "/clusters/c1")
    wait(lambda: "wave 1 of" in said(browser))
    rounds(world, 2)
    rounds(world, 4, {ALL[1]: Behaviour(status=20)})
    wait(lambda: "Try controller2 again" in said(browser))
    looks_well(browser, "failed")
    assert browser.execute_script("return document.querySelectorAll('figure.chart svg rect title').length")
    go_to(browser, "retry-controller2")
    press(browser, Keys.ENTER)
    wait(lambda: "is tried once more" in said(browser))
    rounds(world, 8)
    wait(lambda: "wave 3 of 3" in said(browser))
    looks_well(browser, "nearly done")
