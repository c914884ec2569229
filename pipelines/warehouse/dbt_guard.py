"""A plugin of dbt-duckdb: what dbt's connection may read beside the warehouse.

A model is code, one that was pasted too: it reads the warehouse and the published files, not tokens, settings or
other folders. Once access is off no query widens it. The profile's `settings` would be set for each cursor, and
DuckDB takes `allowed_directories` neither before it has begun nor after access is off.
"""

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from pipelines.warehouse.published import quoted


class Plugin(BasePlugin):
    """Named in profiles.yml, with the `directories` that may be read."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take in what the profile says."""
        self.directories: list[str] = plugin_config["directories"]

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Shut the connection in."""
        names = ", ".join(f"'{quoted(Path(name))}'" for name in self.directories)
        conn.execute(f"set allowed_directories = [{names}]; set enable_external_access = false")
