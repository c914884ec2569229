"""dlt's DuckDB destination, with a copy that can be repeated.

dlt notes that a file is copied after DuckDB has committed it. Killed in between, or refused by a full disk
after the commit, it copies the file a second time; the merge of `streams` would then double the samples.
"""

import glob
from typing import Any

import dlt
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob


class CopyFile(DuckDbCopyJob):
    """Copies a file whatever its folders are called: dlt writes the path between quotation marks as it is."""

    def run(self) -> None:
        """Fill the table."""
        client = self._job_client.sql_client
        if not self._file_path.endswith(".parquet"):
            super().run()
            return
        table = client.make_qualified_table_name(self.load_table_name)
        client.execute_sql(
            f"INSERT INTO {table} BY NAME "
            "SELECT * FROM read_parquet(%s, union_by_name = true, hive_partitioning = false)",
            glob.escape(self._file_path),
        )


class CopyOnce(CopyFile):
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
        if not isinstance(job, DuckDbCopyJob):
            return job
        # dlt's own tables are appended to.
        return CopyFile(file_path) if table["name"].startswith("_dlt") else CopyOnce(file_path)


class CopyOnceDuckDb(dlt.destinations.duckdb):
    """dlt's destination with that client."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client with repeatable copies."""
        return CopyOnceClient
