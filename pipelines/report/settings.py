"""The athlete's settings and zones that are in force today, and who says so."""

from collections.abc import Sequence

from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Fold, Section, Table
from pipelines.report.units import ZONE_KIND_NAMES, Units, pace_unit, whole_number

IN_FORCE = "select * from athlete_settings where valid_to is null"
ZONES = """
    select zone_kind, zone_index, lower_bound, upper_bound, unit, source
    from zones where valid_to is null order by zone_kind, zone_index
"""
MEASURED = {
    "max_heartrate_bpm": ("Highest heart rate", "bpm"),
    "resting_heartrate_bpm": ("Resting heart rate", "bpm"),
    "threshold_heartrate_bpm": ("Threshold heart rate", "bpm"),
    "ftp_w": ("Functional threshold power", "W"),
    "weight_kg": ("Weight", "kg"),
}
UNIT_NAMES = {"bpm": "bpm", "w": "W"}


def settings_sections(marts: Marts, units: Units) -> list[Section]:
    """One section; none when nothing is known of the athlete."""
    in_force = query(marts, IN_FORCE)
    if not in_force:
        return []
    [row] = in_force
    zones = query(marts, ZONES)
    return [
        Section(
            "settings",
            "Settings and zones",
            "What these figures were computed with, and where it comes from: config.toml, Strava, the archive, or an estimate "
            "from the recordings; zones also by default, from the settings.",
            highlights=_settings(row, units),
            highlights_title="Settings in force",
            folds=[Fold("Zones in force as a table", _zones(zones, units))] if zones else [],
        )
    ]


def _settings(row: Row, units: Units) -> Table:
    since = "" if row["valid_from"].year == 1900 else str(row["valid_from"])
    lines: list[list[str]] = [
        [
            title,
            f"{row[name]:g} {unit}" if name == "weight_kg" else f"{row[name]:.0f} {unit}",
            row[f"{name}_source"] or "",
            since,
        ]
        for name, (title, unit) in MEASURED.items()
        if row[name] is not None
    ]
    if row["threshold_pace_s_per_km"]:
        pace = pace_unit("foot", units).full_text(row["threshold_pace_s_per_km"])
        lines.append(["Threshold pace", pace, row["threshold_pace_s_per_km_source"] or "", since])
    if row["sex"]:
        lines.append(["Sex", row["sex"], row["sex_source"] or "", since])
    return Table(["Setting", "Value", "Source", "Since"], lines, text_columns=4)


def _zones(rows: Sequence[Row], units: Units) -> Table:
    return Table(
        ["Zones of", "Zone", "From", "Below", "Source"],
        [
            [
                ZONE_KIND_NAMES.get(row["zone_kind"]) or row["zone_kind"],
                str(row["zone_index"]),
                _bound(row["lower_bound"], row["unit"], units),
                _bound(row["upper_bound"], row["unit"], units),
                row["source"] or "",
            ]
            for row in rows
        ],
        text_columns=5,
    )


def _bound(value: float | None, unit: str, units: Units) -> str:
    if value is None:
        return ""
    if unit == "m_per_s":
        return pace_unit("foot", units).full_text(1000 / value)
    return f"{whole_number(value)} {UNIT_NAMES.get(unit, unit)}"
