"""dlt's DuckDB destination, with a copy that can be repeated.

dlt notes that a file is copied after DuckDB has committed it. Killed in between, or refused by a full disk
after the commit, it copies the file a second time; the merge of `streams` would then double the samples.
"""

from typing import Any

import dlt
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob


class CopyOnce(DuckDbCopyJob):
    """Copies a file into its table (one file a table and load), in place of what is there."""

    def run(self) -> None:
        """Empty the table and fill it, in one transaction."""
        client = self._job_client.sql_client
        with client.begin_transaction():
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(self.load_table_name)}")
            super().run()


class CopyOnceClient(DuckDbClient):
    """dlt's client of DuckDB with that job."""

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        """Return dlt's job, or ours where it is a copy into a table of the user's."""
        job = super().create_load_job(table, file_path, load_id, restore)
        # dlt's own tables are appended to.
        if isinstance(job, DuckDbCopyJob) and not table["name"].startswith("_dlt"):
            return CopyOnce(file_path)
        return job


class CopyOnceDuckDb(dlt.destinations.duckdb):
    """dlt's destination with that client."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client with repeatable copies."""
        return CopyOnceClient
