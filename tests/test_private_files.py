"""The Playground is the user's alone: what others could write is refused, what they could read is closed."""

import ast
import grp
import os
import pwd
import re
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines import files, locks, runs
from pipelines.errors import UserError
from pipelines.playground import Playground
from tests.harness import ROOT, last_line, make_playground, run, run_cold
from tests.simulated_strava import SimulatedStrava, uniform_history

OTHER_UID = 65534
PACKAGE = Path(files.__file__).parent


@pytest.fixture
def strava() -> Iterator[SimulatedStrava]:
    with SimulatedStrava(uniform_history(2)) as simulated:
        yield simulated


@pytest.fixture
def playground(tmp_path: Path, strava: SimulatedStrava) -> Path:
    return make_playground(tmp_path / "playground", strava)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_other_user(action: Callable[[], None], uid: int = OTHER_UID, gid: int = OTHER_UID) -> str:
    """What the action raises in a child that is another user; "" for nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            action()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


# ---- what others could write


@pytest.mark.parametrize("bits", [0o777, 0o1777, 0o770, 0o702])
@pytest.mark.parametrize("command", ["extract", "status", "authorize", "transform"])
def test_playground_that_others_can_write_is_refused(playground: Path, bits: int, command: str) -> None:
    playground.chmod(bits)
    before = listing(playground)
    done = run(command, playground, expect=2)
    assert "other users of this machine can write into" in last_line(done)
    assert f"chmod go-w {playground}" in last_line(done)
    assert listing(playground) == before
    assert mode(playground) == bits


def test_playground_that_a_group_can_write_is_refused(reachable: Path) -> None:
    reachable.chmod(0o770)
    if os.geteuid() == 0:
        os.chown(reachable, OTHER_UID, 4)  # a group that is nobody's own
    assert "can write into" in as_other_user(lambda: print(Playground(reachable).check()))
    assert mode(reachable) == 0o770


def test_group_of_the_user_alone_is_no_other_user(reachable: Path) -> None:
    """As most Linux systems make folders: mode 0775, of a group that has the user's name and nobody else in it."""
    user = pwd.getpwuid(OTHER_UID)
    if grp.getgrgid(user.pw_gid).gr_name != user.pw_name and os.geteuid() == 0:
        user = next(
            (
                user
                for user in pwd.getpwall()
                if user.pw_uid and grp.getgrgid(user.pw_gid)[0::3] == (user.pw_name, [])
            ),
            user,
        )
    reachable.chmod(0o775)
    if os.geteuid() == 0:
        os.chown(reachable, user.pw_uid, user.pw_gid)
    assert as_other_user(lambda: print(Playground(reachable).check()), user.pw_uid, user.pw_gid) == ""
    assert mode(reachable) == 0o700


def test_playground_of_another_user_is_refused(playground: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(playground, OTHER_UID, OTHER_UID)
    done = run("extract", playground, expect=2)
    assert "belongs to another user" in last_line(done)
    assert not (playground / "tokens.json").exists()


def test_playground_of_roots_is_another_users_to_read(reachable: Path) -> None:
    """Another user may look into what root left open to him; he can change nothing in it."""
    assert as_other_user(lambda: print(Playground(reachable).check())) == ""
    assert mode(reachable) == 0o755


# ---- what others could read


def test_what_a_copy_left_open_is_closed_and_said(playground: Path) -> None:
    run("extract", playground)
    (playground / "models").mkdir(mode=0o755)
    for path in [playground, *playground.iterdir()]:
        path.chmod(0o755)
    (playground / "strava.duckdb").chmod(0o664)
    count = len(list(playground.iterdir())) + 1
    done = run("status", playground)
    note = f"note: {playground} was open to other users of this machine ({count} files and folders): closed"
    assert done.stderr.splitlines() == [note]
    assert [path for path in [playground, *playground.iterdir()] if mode(path) & 0o077] == []
    again = run("status", playground)
    assert again.stderr == ""
    assert again.stdout == done.stdout


def test_everything_is_for_the_user_alone(playground: Path) -> None:
    for command in ("refresh", "report"):
        run_cold(command, playground)
    everything = [playground, *playground.rglob("*")]
    assert [path for path in everything if mode(path) & 0o077] == []
    assert len(everything) > 20
    seen = as_other_user(lambda: print(os.listdir(playground)))  # noqa: PTH208
    assert "PermissionError" in seen


# Prints whatever is opened to be written, made or moved.
AUDITED = """
import os, runpy, sys
def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        print("AUDIT", os.path.abspath(arguments[0]), file=sys.stderr)
    elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link"):
        print("AUDIT", os.path.abspath(arguments[0]), file=sys.stderr)
sys.addaudithook(note)
sys.argv = ["pipelines", "extract"]
runpy.run_module("pipelines", run_name="__main__")
"""


def test_nothing_is_written_outside_the_playground(playground: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-B", "-c", AUDITED],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground), "HOME": str(home), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    written = {line.removeprefix("AUDIT ") for line in done.stderr.splitlines() if line.startswith("AUDIT ")}
    inside = {path for path in written if path.startswith(str(playground))}
    assert len(inside) > 20
    # Python looks by a file of no content where temporary files can be.
    probes = {path for path in written if re.fullmatch(rf"{re.escape(str(tmp_path))}/[a-z0-9_]{{8}}", path)}
    assert written - inside - probes - {"/dev/null"} == set()
    assert list(home.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "playground"]


def test_new_playground_stays_out_of_git(playground: Path) -> None:
    run("extract", playground)
    assert (playground / ".gitignore").read_text() == "*\n"
    (playground / ".gitignore").write_text("mine\n")
    run("extract", playground)
    assert (playground / ".gitignore").read_text() == "mine\n"


# ---- links and temporary files


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("config.toml", "extract"),
        ("tokens.json", "extract"),
        ("quota.json", "extract"),
        (".extract.lock", "extract"),
        (".tokens.lock", "extract"),
        (".warehouse.lock", "extract"),
        ("runs.jsonl", "status"),
    ],
)
def test_link_is_not_followed(playground: Path, tmp_path: Path, name: str, command: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("[strava]\n" if name == "config.toml" else "")
    before = elsewhere.read_bytes()
    (playground / name).unlink(missing_ok=True)
    (playground / name).symlink_to(elsewhere)
    done = run(command, playground, expect=2)
    assert f"{name} is a link, which is not followed" in last_line(done)
    assert elsewhere.read_bytes() == before


def test_link_in_place_of_the_runs_spoils_no_run(playground: Path, tmp_path: Path) -> None:
    (playground / "runs.jsonl").symlink_to(tmp_path / "elsewhere")
    done = run("extract", playground)
    assert "runs.jsonl is a link" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_file_is_replaced_whole_under_a_name_that_cannot_be_foreseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        names.append(self.name)
        assert mode(self) == 0o600
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    file = tmp_path / "file"
    file.symlink_to(victim)
    files.write_private(file, "one")
    files.write_private(file, b"two", is_durable=False)
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"\.file\.[0-9a-f]{16}\.tmp", name) for name in names)
    assert (file.read_text(), file.is_symlink(), victim.read_text()) == ("two", False, "theirs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "victim"]


def test_folder_that_is_reached_by_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    playground = Playground(tmp_path / "link")
    assert playground.check() is None
    playground.prepare()
    files.write_private(playground.tokens, "{}")
    with locks.one_at_a_time(playground.root, "extract"):
        assert locks.holder(playground.root, "extract") == "extract"


def test_stale_temporary_files_are_removed(tmp_path: Path) -> None:
    names = [".tokens.json.4711.tmp", ".quota.json.tmp", ".report.html.new", ".write-probe-12", ".x.0f.tmp"]
    for name in (*names, "mine.tmp", ".mine", ".tokens.json.ff.tmp"):
        files.make_private(tmp_path / name)
    hour_ago = time.time() - 3600
    for name in (*names, "mine.tmp", ".mine"):
        os.utime(tmp_path / name, (hour_ago, hour_ago))
    Playground(tmp_path).check()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine", ".tokens.json.ff.tmp", "mine.tmp"]


def test_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "runs.jsonl")
    assert runs.read(Playground(tmp_path)) == []


def test_link_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").symlink_to("nowhere")
    for action in (
        lambda: files.open_private(tmp_path / "file", os.O_RDWR | os.O_CREAT),
        lambda: files.make_private(tmp_path / "file"),
        lambda: files.append_private(tmp_path / "file", ""),
        lambda: files.read_private(tmp_path / "file"),
    ):
        with pytest.raises(UserError, match="is a link"):
            action()


# ---- nobody else opens files

# Who opens files without pipelines.files, and why that is no file of the user's.
OPENERS = {
    "files.py": "the one that does",
    "set_up.py": "runs before anything is installed, on the project's own .venv",
    "report/page.py": "reads a resource of the package",
    "report/library.py": "keeps Vega's script beside the packages of the environment",
    "__main__.py": "opens /dev/null",
    "warehouse/published.py": "reads the project's published macros",
}
# Names that open, make or copy a file, as functions or methods; `webbrowser.open` opens none.
FORBIDDEN = {
    "open", "fdopen", "read_text", "read_bytes", "write_text", "write_bytes", "touch", "copy", "copy2", "copyfile",
    "NamedTemporaryFile", "TemporaryFile", "mkstemp", "mktemp",
}  # fmt: skip


def opened_in(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.rpartition(".")[2] in FORBIDDEN and not called.endswith(
                ("webbrowser.open", "browser.open", "self._zip.open")
            ):
                found.append(f"{node.lineno}: {called}")
    return found


def test_one_module_opens_the_users_files() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        calls = [call for call in opened_in(path.read_text()) if not call.endswith(".limits.copy")]
        calls = [call for call in calls if not call.endswith(".used.copy")]
        if calls and name not in OPENERS:
            found[name] = calls
    assert found == {}


@pytest.mark.parametrize(
    "source",
    ["open('x')", "Path('x').open('w')", "os.open('x', 0)", "a.b.write_text('')", "shutil.copyfile(a, b)"],
)
def test_what_opens_a_file_is_seen(source: str) -> None:
    assert len(opened_in(source)) == 1
