"""The button Validate in JupyterLab, pressed in a browser on a released lesson."""

import json
import shutil
import urllib.request
from pathlib import Path

import nbformat
import notebook_server
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as there
from selenium.webdriver.support.ui import WebDriverWait

from course import workspace
from course.plan import plan
from grading.lesson import load_lesson

LESSON = "12_attention"
CHROMIUM = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not all(CHROMIUM), reason="chromium and chromium-driver are not installed")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM[0]
    profile = tmp_path_factory.mktemp("profile")
    for option in (
        "headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-sync",
        "disable-component-update", "window-size=1400,1000", f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{option}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(CHROMIUM[1]))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def learner(tmp_path_factory):
    """A learner's workspace, up to the lesson."""
    folder = tmp_path_factory.mktemp("learner") / "workspace"
    workspace.create(folder)
    workspace.catch_up(LESSON, folder)
    return folder


def solve(learner: Path, exercises):
    """Fill in `exercises` of the released lesson; returns how many are left."""
    nb = nbformat.read(learner / f"{LESSON}.ipynb", as_version=4)
    source = nbformat.read(plan().notebook(LESSON), as_version=4)
    solved = {cell.metadata.nbgrader.grade_id: cell.source for cell in source.cells if "nbgrader" in cell.metadata}
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in exercises:
            cell.source = solved[cell.metadata.nbgrader.grade_id]
    nbformat.write(nb, learner / f"{LESSON}.ipynb")
    return sum("raise NotImplementedError()" in cell.source for cell in nb.cells)


def pressed(browser, url: str):
    """Open the lesson, press Validate, and return the dialog that comes."""
    browser.get(f"{url}/lab/tree/{LESSON}.ipynb?token={notebook_server.TOKEN}&reset")
    wait = WebDriverWait(browser, 120)
    wait.until(there.element_to_be_clickable((By.CLASS_NAME, "validate-button"))).click()
    results = "//*[contains(@class, 'jp-Dialog-content')][contains(., 'Validation Results')]"
    return wait.until(there.visibility_of_element_located((By.XPATH, results)))


def test_validate_says_what_fails_and_what_passes(browser, learner, tmp_path):
    blank = solve(learner, ["attention-scores"])
    with notebook_server.server(learner, tmp_path / "runtime") as url:
        dialog = pressed(browser, url)
        shown = [each.text for each in dialog.find_elements(By.CSS_SELECTOR, ".validation-failed .jp-RenderedText")]
        assert len(shown) == 2 * blank > 0, "the check and its error, for each exercise that is blank"
        assert sum("is still blank" in text for text in shown) == blank
        assert solve(learner, list(load_lesson(LESSON).points)) == 0
        assert "passes all the tests" in pressed(browser, url).text


def test_jupyterlab_opens_on_the_readme_has_no_panels_for_instructors_and_wraps_code(browser, learner, tmp_path):
    with notebook_server.server(learner, tmp_path / "runtime") as url:
        browser.get(f"{url}/?token={notebook_server.TOKEN}")
        wait = WebDriverWait(browser, 120)
        link = (By.CSS_SELECTOR, ".jp-MarkdownViewer a[href*='01_tensor.ipynb']")
        wait.until(there.element_to_be_clickable(link))
        links = [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".jp-MarkdownViewer li a")]
        assert links[: len(plan().lessons)] == [name.replace("_", " ") for name in plan().lessons]
        wait.until(there.element_to_be_clickable((By.XPATH, "//div[contains(@class, 'lm-MenuBar')]//*[text()='View']")))
        assert not browser.find_elements(By.XPATH, "//*[contains(@class, 'lm-MenuBar')]//*[text()='Nbgrader']")
        asked = f"{url}/lab/api/settings/@jupyterlab/notebook-extension:tracker?token={notebook_server.TOKEN}"
        settings = json.load(urllib.request.urlopen(asked, timeout=20))["schema"]["properties"]
        assert settings["codeCellConfig"]["default"]["lineWrap"] is True
