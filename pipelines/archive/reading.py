"""One recording of an archive -> the legs that become activities. Runs in processes of its own, two at a time."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.archive import complete
from pipelines.archive.complete import Measures, Samples
from pipelines.archive.container import Container
from pipelines.archive.fit import read_fit
from pipelines.archive.recording import Recording, Session, UnreadableError
from pipelines.archive.xml import read_xml
from pipelines.errors import one_line


@dataclass(frozen=True)
class Task:
    """What is to be read: a member; for a row of activities.csv what that says of it, else `None`."""

    member: str
    measures: Measures | None


@dataclass(frozen=True)
class Leg:
    """One activity of a recording: all of it, or one sport of a race of several."""

    samples: Samples
    summary: Mapping[str, Any]  # as columns of `activities`
    start: dt.datetime  # in UTC
    sport: tuple[int, int] | str | None

    @property
    def position(self) -> tuple[float, float] | None:
        """The first one, in degrees."""
        latlng = self.summary["start_latlng"]
        return (latlng[0], latlng[1]) if latlng else None

    def without_samples(self) -> "Leg":
        """Return what is small of it."""
        return replace(self, samples=Samples({}))


@dataclass(frozen=True)
class Read:
    """What came of a task: legs, or none and the reason."""

    task: Task
    content: int | None = None  # a number of 63 bits that stands for what the file holds, under whatever name
    legs: Sequence[Leg] = ()
    utc_offset_s: float | None = None
    fault: str | None = None
    size: int = 0  # of the content, in bytes

    def of(self, leg: Leg) -> "Read":
        """Return it with this leg alone."""
        return replace(self, legs=(leg,))


def read(container: Container, task: Task) -> Read:
    """Read a member; whatever is wrong with it is told in the result."""
    number = content = None
    size = 0
    try:
        content = container.read(task.member)
        size = len(content.data)
        digest = hashlib.blake2b(content.data, digest_size=8).digest()
        number = int.from_bytes(digest, "little") >> 1
        recording = parse(content.data)
        legs = _legs(recording, task.measures)
    except UnreadableError as error:
        # What was read of a damaged file may be nothing that one can tell a format by.
        before = f"{content.fault}: " if content and content.fault else ""
        return Read(task, number, fault=before + one_line(error), size=size)
    except Exception as error:  # a fault of a reader of ours must not keep the other files out
        fault = f"it could not be read ({type(error).__name__}: {one_line(error)[:200]})"
        return Read(task, number, fault=fault, size=size)
    return Read(task, number, legs, recording.utc_offset_s, content.fault or recording.fault, size)


def parse(data: bytes) -> Recording:
    """Read a recording by what its first bytes say it is. Raises UnreadableError."""
    if data[8:12] == b".FIT":
        return read_fit(data)
    beginning = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not beginning:
        raise UnreadableError("it is empty")
    if not beginning.startswith(b"<"):
        raise UnreadableError("it is neither FIT, TCX nor GPX")
    return read_xml(data)


def _legs(recording: Recording, measures: Measures | None) -> list[Leg]:
    if measures is not None:
        legs = [_leg(recording, complete.session_of(recording, measures.start), measures)]
    else:
        sessions: Sequence[Session | None] = recording.sessions or (None,)
        legs = [_leg(recording, session, Measures()) for session in sessions]
    found = [leg for leg in legs if leg is not None]
    if not found:
        raise UnreadableError("there is no sample in it")
    return found


def _leg(recording: Recording, session: Session | None, measures: Measures) -> Leg | None:
    samples = complete.samples(recording, session, measures)
    if samples.start is None:
        return None
    summary = complete.summary(recording, session, samples)
    return Leg(samples, summary, summary["start_date"], session.sport if session else None)
