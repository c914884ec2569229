"""The Makefile sets itself up: once, for two targets at the same time, and anew after a kill."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from tests.harness import ROOT
from tests.terminal import on_terminal

DEVELOPMENT = ("pytest", "pytest-xdist", "hypothesis", "playwright", "mypy", "ruff", "import-linter", "uv")


def wheel(folder: Path, name: str, content: str) -> str:
    """A package of one module; the line with which a lock names it, with its hash."""
    path = folder / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name} @ {path.as_uri()} --hash=sha256:{digest}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone whose locks hold one small package each, and whose commands need it."""
    folder = tmp_path / "clone"
    (folder / "pipelines").mkdir(parents=True)
    for name in ("Makefile", "pipelines/set_up.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "requirements.lock").write_text(wheel(tmp_path, "needed", "answer = 42\n"))
    (folder / "requirements-dev.lock").write_text(wheel(tmp_path, "pytest", "print('tested')\n"))
    (folder / "pipelines" / "__main__.py").write_text("import needed\nprint(needed.answer)\n")
    return folder


def make(clone: Path, target: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["make", target],
        cwd=clone,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts what is to run in the background deaf to Ctrl-C, and children inherit it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def printed(process: "subprocess.Popen[str]", status: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, out + err
    return out, err


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.01)


def test_the_second_target_waits_for_the_set_up_of_the_first(clone: Path) -> None:
    first = make(clone, "status")
    wait_for(clone / ".venv" / "bin")
    second = make(clone, "extract")
    out, err = printed(first)
    assert (out, err) == ("42\n", "setting up (once, about a minute) ...\n")
    out, err = printed(second)
    assert (out, err) == ("42\n", "another make target is setting up: waiting for it ...\n")
    assert printed(make(clone, "status")) == ("42\n", ""), "made once"
    assert not (clone / ".venv" / ".ready-dev").exists(), "a user's target installs no test tool"


def test_a_terminal_is_shown_the_package_that_the_set_up_is_at(clone: Path) -> None:
    with on_terminal(["make", "status"], cwd=clone) as terminal:
        text = terminal.rest()
    steps = re.findall(r"(?m)^\d+ s (.+)$", text)
    assert "making .venv" in steps
    at, end = steps.index("package 1 of 1: needed"), steps.index("installing all of them")
    assert at < end
    assert text.rstrip().endswith("42")


def test_only_tests_and_linters_add_the_second_lock_and_a_changed_lock_is_made_anew(clone: Path) -> None:
    assert printed(make(clone, "test"))[0] == "tested\n"
    begun = (clone / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    assert printed(make(clone, "test"))[1] == ""
    time.sleep(0.01)  # make compares times
    lock = clone / "requirements.lock"
    lock.write_text(wheel(clone, "needed", "answer = 43\n"))
    assert printed(make(clone, "status"))[0] == "43\n"
    assert (clone / ".venv" / "pyvenv.cfg").stat().st_mtime_ns != begun
    assert printed(make(clone, "test"))[0] == "tested\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_half_made_environment_is_made_anew(clone: Path, number: int) -> None:
    process = make(clone, "status")
    wait_for(clone / ".venv" / "bin" / "python")
    while process.poll() is None:  # Python may lose one that comes at the wrong instant
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        time.sleep(0.2)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not (clone / ".venv" / ".ready").exists()
    out, err = printed(make(clone, "status"))
    assert (out, err) == ("42\n", "setting up (once, about a minute) ...\n")


def test_a_package_that_is_not_what_the_lock_says_is_refused(clone: Path) -> None:
    lock = clone / "requirements.lock"
    lock.write_text(re.sub("sha256:.", "sha256:z", lock.read_text()))
    _, err = printed(make(clone, "status"), status=2)
    assert "the packages could not be installed: look above, then run the command again" in err
    assert not (clone / ".venv" / ".ready").exists()


def names(lock: str) -> set[str]:
    return set(re.findall(r"(?m)^([a-z0-9._-]+)==", (ROOT / lock).read_text()))


def test_users_get_no_tool_of_developers_and_no_lock_names_an_index() -> None:
    assert names("requirements.lock").isdisjoint(DEVELOPMENT)
    assert names("requirements-dev.lock") >= set(DEVELOPMENT)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        for block in re.split(r"(?m)^(?=[a-z])", text)[1:]:
            assert "--hash=sha256:" in block, block


def test_both_locks_agree() -> None:
    def versions(lock: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name, version in re.findall(r"(?m)^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text()):
            found.setdefault(name, set()).add(version)
        return found

    users, development = versions("requirements.lock"), versions("requirements-dev.lock")
    assert {name: users[name] for name in users.keys() & development.keys()} == {
        name: development[name] for name in users.keys() & development.keys()
    }


def test_the_demo_needs_no_tool_of_developers() -> None:
    imported = "import sys, tests.demo; print(*sorted(name.split('.')[0] for name in sys.modules))"
    program = [str(ROOT / ".venv" / "bin" / "python"), "-c", imported]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": ""})
    assert set(done.stdout.split()).isdisjoint({"pytest", "hypothesis", "playwright", "mypy"})


@pytest.mark.parametrize("variable", ["PLAYGROUND", "Q", "ARGS", "WAIT", "FORMAT", "PYTHON", "VENV", "FOO"])
@pytest.mark.parametrize("is_typed", [True, False])
def test_no_variable_is_a_command(tmp_path: Path, variable: str, is_typed: bool) -> None:
    """Neither the shell nor make itself runs what is in one; `clean` prints the Playground's name as it is."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in ("pipelines", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "requirements.lock").touch()
    evil = """$(shell touch made)$$(touch shot)`touch back`'"; touch quoted; echo '"; touch more #\\n"""
    for target in ("clean", "status"):
        done = subprocess.run(
            ["make", target, *([f"{variable}={evil}"] if is_typed else [])],
            cwd=tmp_path,
            env={**os.environ, **({} if is_typed else {variable: evil})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == (0 if target == "clean" else 2), done.stderr
        if target == "clean" and variable == "PLAYGROUND":
            assert done.stdout == f"cleaned; your data in {evil} is untouched\n"
    assert {path.name for path in tmp_path.iterdir()} <= {
        "Makefile",
        "pipelines",
        "tests",
        "requirements.lock",
    }
