"""`make docs`: the page opens on an overview of ours, which leads to every mart."""

from pathlib import Path
from typing import Any

from tests.harness import ROOT, run

MARTS = sorted(path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql"))


def test_the_page_opens_on_our_overview_and_its_links_lead_to_the_marts(chromium: Any, copied: Path) -> None:
    run("docs", copied)
    page = chromium.new_page()
    page.goto((copied / "docs" / "index.html").as_uri())
    page.get_by_role("heading", name="Your Strava history as SQL marts").wait_for()
    assert "dbt Labs" not in page.inner_text("body")
    links = page.locator("table a[href*='model.strava_marts.']")
    assert sorted(links.all_inner_texts()) == MARTS
    links.filter(has_text="race_predictions").click()
    page.get_by_text("What could I run today?").first.wait_for()
    page.close()
