"""The Playground: the user's folder, with every path in it."""

import contextlib
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from pipelines import files
from pipelines.errors import UserError, counted

# `make demo` has a Playground of its own inside; a command "(process …)" is told, and not to be typed.
_TO_TYPE = re.compile(
    r"""(`(?:DEBUG=1 )?|\b[Tt]ype )(make (?!demo\b)[a-z]++)"""
    r"""((?: [A-Z_]++=(?:'[^']*'|"[^"]*"|[^\s`,;:)'"]*+))*+)(?!` \(process)"""
)


@dataclass(frozen=True)
class Playground:
    """Every path of the user's folder."""

    root: Path

    @property
    def config(self) -> Path:
        """The settings, written by the user."""
        return self.root / "config.toml"

    @property
    def tokens(self) -> Path:
        """The stored authorisation."""
        return self.root / "tokens.json"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that everything is loaded into and built in."""
        return self.root / "strava.duckdb"

    @property
    def marts(self) -> Path:
        """The published marts, as a DuckDB file for SQL tools."""
        return self.root / "marts.duckdb"

    @property
    def marts_parquet(self) -> Path:
        """The published marts, as a folder of Parquet files."""
        return self.root / "marts"

    @property
    def samples(self) -> Path:
        """The published samples, a folder of Parquet files for each year."""
        return self.marts_parquet / "samples"

    @property
    def models(self) -> Path:
        """Models of the user's own."""
        return self.root / "models"

    @property
    def report(self) -> Path:
        """The page of `make report`."""
        return self.root / "report.html"

    @property
    def privacy_zones(self) -> Path:
        """The secret of the report's privacy zones, and their places."""
        return self.root / "privacy-zones.json"

    @property
    def docs(self) -> Path:
        """The folder of `make docs`."""
        return self.root / "docs"

    @property
    def dlt_dir(self) -> Path:
        """The working files of dlt."""
        return self.root / ".dlt"

    @property
    def dbt_dir(self) -> Path:
        """The working files of dbt."""
        return self.root / ".dbt"

    @property
    def built(self) -> Path:
        """What the published marts were built from."""
        return self.dbt_dir / "built.json"

    @property
    def quota(self) -> Path:
        """The requests that were sent lately, counted."""
        return self.root / "quota.json"

    @property
    def runs(self) -> Path:
        """One line for each run."""
        return self.root / "runs.jsonl"

    @property
    def purging(self) -> Path:
        """Stands while `make purge` is at work, and after one that was killed."""
        return self.root / ".purging"

    def to_type(self, command: str) -> str:
        """Return a command as it has to be typed for this Playground."""
        is_default = self.root == Path("Playground")
        return command if is_default else f"{command} PLAYGROUND={shlex.quote(str(self.root))}"

    def hinted(self, text: str) -> str:
        """Return a text in which each `make …` to be typed names this Playground.

        To be typed is what stands in backticks, or after "type"; whose text knows no Playground need not.
        """
        if self.to_type("") == "":
            return text
        return _TO_TYPE.sub(self._typed, text)

    def _typed(self, found: re.Match[str]) -> str:
        before, command, variables = found.groups()
        if "PLAYGROUND=" in variables:
            return found[0]
        if variables.endswith("="):  # its value is said in words behind it
            return f"{before}{self.to_type(command)}{variables}"
        return f"{before}{self.to_type(command + variables)}"

    def begin(self) -> str:
        """Return the shell command that makes a config.toml to be filled in."""
        folder, config = shlex.quote(str(self.root)), shlex.quote(str(self.config))
        make_folder = "" if self.root.exists() else f"mkdir -p -m 700 {folder} && "
        return f"{make_folder}cp Playground/config.template.toml {config}"

    def check(self) -> str | None:
        """Close the folder to others; returns what the user is to know of that.

        Raises:
            UserError: The folder cannot be a Playground, or others may have put files into it.
        """
        if set("#?%") & set(str(self.root.absolute())):
            raise UserError(
                f"{self.root.absolute()} has a # or ? or % in its name, which dbt or dlt does not take: rename it, or "
                "type PLAYGROUND=another/folder"
            )
        if os.path.lexists(self.root) and not self.root.is_dir():
            raise UserError(f"{self.root} is no folder: move it away, or type PLAYGROUND=another/folder")
        try:
            danger = files.others_can_write(self.root)
            count = 0 if danger else sum(map(files.close_folder, self._folders()))
        except OSError:
            return None  # not there yet; what cannot be read or closed is told by whoever needs it
        if danger:
            raise UserError(f"{danger}, or type PLAYGROUND=another/folder")
        if count:
            return f"{self.root} was open to other users of this machine ({counted(count, 'file or folder', 'files and folders')}): closed"
        return None

    def _folders(self) -> list[Path]:
        """The folders whose files are closed one by one.

        The published ones are among them: they are pointed at, and copied from, by other programs.
        """
        published = [self.marts_parquet, self.samples, *self.samples.glob("year=*")]
        return [self.root, *(path for path in published if path.is_dir() and not path.is_symlink())]

    def prepare(self) -> None:
        """Make the folder, for the user alone.

        Raises:
            UserError: It cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (self.root / ".gitignore").exists():
                # Wherever it lies, nothing of it gets into git.
                files.write_private(self.root / ".gitignore", "*\n", is_durable=False)
            probe = self.root / f"{files.PROBE}{os.getpid()}"
            files.make_private(probe)
            probe.unlink()
        except OSError as error:
            raise UserError(
                f"{self.root} cannot be written ({error.strerror}): make it yours, or type PLAYGROUND=another/folder"
            ) from None

    def redact(self, text: str) -> str:
        """Return the text without this Playground's secrets and without anything that looks like a token."""
        for secret in self._secrets():
            # Shorter ones would be found inside ordinary words.
            if isinstance(secret, str) and len(secret) > 3:
                text = text.replace(secret, "***")
        return re.sub(r"\b[0-9a-fA-F]{32,}\b", "***", text)

    def _secrets(self) -> list[object]:
        """Collect the secrets from files that may be missing or damaged: what cannot be read has none."""
        import json
        import tomllib

        found: list[object] = [os.environ.get(f"SOURCES__STRAVA__{key}") for key in ("CLIENT_SECRET", "CODE")]
        with contextlib.suppress(Exception):
            strava = tomllib.loads(files.read_private(self.config).decode("utf-8-sig"))["strava"]
            found += [strava.get("client_secret"), strava.get("code")]
        with contextlib.suppress(Exception):
            stored = json.loads(files.read_private(self.tokens))
            found += [stored.get("access_token"), stored.get("refresh_token")]
        return found
