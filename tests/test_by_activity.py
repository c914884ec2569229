"""Models kept up to date by activity: another text of any formula computes every activity anew."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from pipelines.commands import _dbt_run, dbt, transform
from pipelines.playground import Playground
from tests.harness import assert_same_rows, away_from_day_end, rows

BY_ACTIVITY = "materialized='by_activity'"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of dbt_project/ to change; it is what transform builds."""
    copy = Path(shutil.copytree(dbt.PROJECT, tmp_path / "dbt_project"))
    for module in (dbt, transform, _dbt_run):
        monkeypatch.setattr(module, "PROJECT", copy)
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
            if name in called - {"formulas_version"}:
                yield name, path, text.replace(head, head + "/* another text */")


def versions(project: Path, *variables: str) -> dict[str, str]:
    """What formulas_version() says of each model by activity."""
    names = [path.stem for path in project.glob("models/**/*.sql") if BY_ACTIVITY in path.read_text()]
    said = " ".join(f"{{{{ formulas_version('model.strava_marts.{name}') }}}}" for name in names)
    done = dbtRunner().invoke(
        [
            *("--quiet", "compile", "--inline", said, *variables),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(project / "target"), "--log-path", str(project / "logs")),
        ]
    )
    assert done.success, done.exception
    text = str(done.result.results[0].node.compiled_code)  # type: ignore[union-attr]
    return dict(zip(names, text.split(), strict=True))


def test_another_text_of_any_model_or_macro_behind_them_is_noticed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRAVA_WAREHOUSE", str(project / "empty.duckdb"))
    texts = list(formulas(project))
    assert {"stg_strava__samples", "int_samples", "int_power_seconds", "splits", "intervals"} <= {
        name for name, _, _ in texts
    }
    first = versions(project)
    changed: dict[str, set[str]] = {}
    for name, path, other in texts:
        text = path.read_text()
        path.write_text(other)
        changed[name] = {model for model, version in versions(project).items() if version != first[model]}
        path.write_text(text)
    # The last one by activity is built from all of them.
    assert [name for name, models in changed.items() if "int_stream_aggregates" not in models] == []
    assert versions(project) == first
    # And what is not built from it is not computed again.
    assert changed["splits"] == {"splits", "int_stream_aggregates"}
    assert changed["int_power_seconds"] == {"power_curve", "int_stream_aggregates"}


@pytest.mark.parametrize(
    ("settings", "computed_again"),
    [
        (
            {"gap_model": "energy"},
            {"splits", "intervals", "durability", "int_seconds_by_value", "int_stream_aggregates"},
        ),
        (
            {
                **dict.fromkeys(
                    ("ftp_w", "max_heartrate_bpm", "threshold_pace_s_per_km", "fitness_days"), 200
                ),
                "athlete_history": [{"from": "2025-03-01", "ftp_w": 210}],
                "heartrate_zones_bpm": [120, 150],
            },
            set(),
        ),
    ],
)
def test_a_setting_computes_again_what_depends_on_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], computed_again: set[str]
) -> None:
    monkeypatch.setenv("STRAVA_WAREHOUSE", str(project / "empty.duckdb"))
    first, other = versions(project), versions(project, "--vars", json.dumps(settings))
    assert {model for model, version in other.items() if version != first[model]} == computed_again


@pytest.mark.long
def test_a_changed_formula_gives_the_marts_of_a_full_refresh(copied: Path, project: Path) -> None:
    away_from_day_end(120)

    def marts() -> dict[str, list[tuple[Any, ...]]]:
        names = rows(copied, "show tables", "marts.duckdb")
        return {name: rows(copied, f"from {name} order by all", "marts.duckdb") for (name,) in names}

    before = marts()
    view = project / "models" / "intermediate" / "int_power_seconds.sql"
    text = view.read_text()
    assert BY_ACTIVITY not in text
    assert "        value as power_w,\n" in text
    view.write_text(text.replace("        value as power_w,\n", "        2 * value as power_w,\n", 1))
    transform.main(Playground(copied))
    found = marts()
    assert found["power_curve"] != before["power_curve"]
    with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
        warehouse.execute("drop schema intermediate cascade; drop schema marts cascade")
    transform.main(Playground(copied))
    for name, expected in marts().items():
        assert_same_rows(found[name], expected, name)
