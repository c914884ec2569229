"""Models kept up to date by activity: another text of any formula computes every activity anew."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from pipelines.commands import dbt, transform
from pipelines.playground import Playground
from tests.harness import assert_same_rows, away_from_day_end, rows

BY_ACTIVITY = "materialized='by_activity'"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of dbt_project/ to change; it is what transform builds."""
    copy = Path(shutil.copytree(dbt.PROJECT, tmp_path / "dbt_project"))
    monkeypatch.setattr(transform, "PROJECT", copy)
    return copy


def formulas(project: Path) -> Iterator[tuple[str, Path, str]]:
    """(name, file, its text changed without effect) of all models and macros behind the models by activity."""
    models = {path.stem: path for path in project.glob("models/**/*.sql")}
    found = [name for name, path in models.items() if BY_ACTIVITY in path.read_text()]
    called: set[str] = set()
    for name in found:
        text = models[name].read_text()
        parents = re.findall(r"ref\('(\w+)'\)", text)
        found += sorted({parent for parent in parents if parent in models and parent not in found})
        called |= set(re.findall(r"(\w+)\(", text))
        yield name, models[name], text + "\n-- another text\n"
    for path in project.glob("macros/*.sql"):
        text = path.read_text()
        for head, name in re.findall(r"(\{% macro (\w+)\(.*?\) %\})", text):
            if name in called - {"stream_formulas_version"}:
                yield name, path, text.replace(head, head + "/* another text */")


def version(project: Path) -> str:
    """What stream_formulas_version() says, with which every activity's fingerprint is made."""
    done = dbtRunner().invoke(
        [
            *("--quiet", "compile", "--inline", "{{ stream_formulas_version() }}"),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(project / "target"), "--log-path", str(project / "logs")),
        ]
    )
    assert done.success, done.exception
    return str(done.result.results[0].node.compiled_code)  # type: ignore[union-attr]


def test_another_text_of_any_model_or_macro_behind_them_is_noticed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRAVA_WAREHOUSE", str(project / "empty.duckdb"))
    texts = list(formulas(project))
    assert {"stg_strava__samples", "int_samples", "int_power_seconds", "splits", "intervals"} <= {
        name for name, _, _ in texts
    }
    first, unnoticed = version(project), []
    for name, path, other in texts:
        text = path.read_text()
        path.write_text(other)
        if version(project) == first:
            unnoticed.append(name)
        path.write_text(text)
    assert unnoticed == []
    assert version(project) == first


@pytest.mark.long
def test_a_changed_formula_gives_the_marts_of_a_full_refresh(copied: Path, project: Path) -> None:
    away_from_day_end(120)

    def marts() -> dict[str, list[tuple[Any, ...]]]:
        names = rows(copied, "show tables", "marts.duckdb")
        return {name: rows(copied, f"from {name} order by all", "marts.duckdb") for (name,) in names}

    before = marts()
    view = project / "models" / "intermediate" / "int_samples.sql"
    text = view.read_text()
    assert BY_ACTIVITY not in text
    assert "        power_w,\n" in text
    view.write_text(text.replace("        power_w,\n", "        2 * power_w as power_w,\n"))
    transform.main(Playground(copied))
    found = marts()
    assert found["power_curve"] != before["power_curve"]
    with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
        warehouse.execute("drop schema intermediate cascade; drop schema marts cascade")
    transform.main(Playground(copied))
    for name, expected in marts().items():
        assert_same_rows(found[name], expected, name)
