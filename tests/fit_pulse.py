"""Small FIT files that hold little but a pulse, and what is asked of their recording."""

import pytest

from pipelines.archive.fit import read_fit
from pipelines.archive.recording import Recording
from tests.fit_files import EPOCH, FILE_ID, RECORD, FitFile

T = 1_000_000_000  # FIT's seconds at which the files begin: 2021-09-08T01:46:40Z, and a multiple of 32
START = T + EPOCH
TIME, HEARTRATE = (253, "uint32"), (3, "uint8")


def begun(kind: int | None = 4, **header: int) -> FitFile:
    """Return a file of that kind without a record yet; the local number 0 is taken."""
    fit = FitFile(**header)  # type: ignore[arg-type]
    fit.define(0, FILE_ID, [(0, "enum"), (1, "uint16"), (2, "uint16"), (4, "uint32")])
    fit.add(0, kind, 1, 1836, T)
    return fit


def with_pulse(*pulse: int, kind: int | None = 4, **header: int) -> FitFile:
    """Return a file with a record in each second."""
    fit = begun(kind, **header)
    fit.define(1, RECORD, [TIME, HEARTRATE])
    for n, value in enumerate(pulse):
        fit.add(1, T + n, value)
    return fit


def read(fit: FitFile) -> Recording:
    return read_fit(fit.to_bytes())


def assert_pulse(recording: Recording, times: list[int], pulse: list[float]) -> None:
    assert (recording.time - START).tolist() == times
    assert list(recording.channels.get("heartrate", [])) == pytest.approx(pulse, nan_ok=True)


def column(recording: Recording, name: str) -> list[float]:
    return [round(value, 6) for value in recording.channels[name].tolist()]
