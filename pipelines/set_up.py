"""Makes .venv: `make` runs this with the machine's own Python, before anything is installed.

    python3 pipelines/set_up.py          what users need: requirements.lock
    python3 pipelines/set_up.py dev      on top of it what tests and linters need: requirements-dev.lock

Two targets may start at once: the second waits for the first. The kernel frees the lock when its last holder is gone;
pip holds it, too, so that nobody starts over under a pip whose parent was killed. What is half made has no stamp and
is made anew.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable

VENV = ".venv"
STEPS = {
    "users": ("requirements.lock", os.path.join(VENV, ".ready"), "setting up (once, about a minute)"),
    "dev": ("requirements-dev.lock", os.path.join(VENV, ".ready-dev"), "adding what tests and linters need"),
}
LOG = os.path.join(VENV, "pip.log")


def main() -> int:
    """Make what is missing; 0 when all is there, 1 when pip failed, 2 when the user has to install something."""
    if sys.version_info < (3, 11):
        return _refuse("Python 3.11 or later is needed: type make PYTHON=python3.12")
    with open(".venv.lock", "a") as lock:
        _wait_for(lock.fileno())
        status = 0
        for name in ("users", "dev") if "dev" in sys.argv[1:] else ("users",):
            status = status or _make(name, lock.fileno())
        return status


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


def _wait_for(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another make target is setting up: waiting for it ...", file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _make(name: str, lock: int) -> int:
    requirements, stamp, title = STEPS[name]
    with open(requirements, "rb") as file:
        wanted = hashlib.sha256(file.read()).hexdigest()
    if _read(stamp) == wanted:
        os.utime(stamp)  # for make, which looks at times only
        return 0
    if name == "users":
        # First the stamps: with one of them what remains after a kill would pass for whole.
        for _, path, _ in STEPS.values():
            if os.path.exists(path):
                os.unlink(path)
        if _run(title, [sys.executable, "-m", "venv", "--clear", VENV], lock):
            return _refuse("python3 cannot make virtual environments: install python3-venv")
    pip = [
        os.path.join(VENV, "bin", "python"),
        "-m",
        "pip",
        "install",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
    ]
    # The lock names every package with its hash; no package's own code runs while it is installed.
    pip += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-input", "-r", requirements]
    if _run(title, pip, lock, LOG):
        print(_read(LOG), file=sys.stderr)
        print("the packages could not be installed: look above, then run the command again", file=sys.stderr)
        return 1
    with open(stamp, "w") as file:
        file.write(wanted)
    return 0


def _run(title: str, command: "list[str]", lock: int, log: "str | None" = None) -> int:
    """The command's exit status; a terminal is shown meanwhile what it is at, and for how long."""
    if log is None:
        print(title + " ...", file=sys.stderr, flush=True)
    output = open(log, "wb") if log else None  # noqa: SIM115
    begun = time.monotonic()
    at = Pip(
        _count(command[-1]) if log else 0, lambda words: _draw(f"{time.monotonic() - begun:.0f} s {words}")
    )
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=output, pass_fds=[lock], text=True, errors="replace"
    ) as process:
        reader = threading.Thread(target=at.follow, args=(process.stdout,), daemon=True)
        reader.start()
        while True:
            try:
                status = process.wait(0.5)
                break
            except subprocess.TimeoutExpired:
                at.draw(at.words)
        reader.join()
    _draw("")
    if output:
        output.close()
    return status


class Pip:
    """What pip is at, from the lines that it prints; `draw` shows it."""

    def __init__(self, count: int, draw: "Callable[[str], None]") -> None:
        self.count, self.draw = count, draw
        self.taken = 0
        self.words = f"reading the list of {count} packages" if count else f"making {VENV}"

    def follow(self, lines: "Iterable[str]") -> None:
        """Read to the end."""
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            if word in ("Collecting", "Ignoring", "Requirement", "Processing"):
                self.taken += 1
                self.words = f"package {self.taken} of {self.count}: {_name(rest)}"
            elif word == "Installing":
                self.words = f"installing {self.taken} packages"
            else:
                continue
            self.draw(self.words)


def _count(requirements: str) -> int:
    """How many packages a lock names."""
    return len(re.findall(r"(?m)^[A-Za-z0-9]", _read(requirements)))


def _name(requirement: str) -> str:
    """The package's name of `name==1 (from -r …)` or of the path of a file."""
    word = requirement.split(" ")[0]
    return word.rpartition("/")[2].split("-")[0] if word.endswith(".whl") else re.split("[=;<>~!]", word)[0]


def _draw(text: str) -> None:
    """Replace the last line of a terminal, which must not be wider than that."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        print(f"\r\x1b[K{text[: max(width, 0)]}", end="", file=sys.stderr, flush=True)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted: the next command sets up anew", file=sys.stderr)
        sys.exit(1)
