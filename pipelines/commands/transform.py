"""`make transform`: dbt builds the marts in the warehouse, then they are published for SQL tools."""

from pipelines import locks
from pipelines.commands._dbt_run import run_dbt
from pipelines.commands._display import Steps
from pipelines.commands._own_models import own_models
from pipelines.commands._recorded import recorded
from pipelines.commands.dbt import PROJECT
from pipelines.errors import UserError
from pipelines.playground import Playground
from pipelines.settings import Settings, load_settings
from pipelines.tables import TABLES
from pipelines.warehouse import file as warehouse
from pipelines.warehouse.built import made_from, read_built, write_built
from pipelines.warehouse.known import add_missing_columns, tables_in


def main(playground: Playground, *, debug: bool = False) -> None:
    """Build and publish, unless the published marts are already what would be built.

    Raises:
        UserError: Nothing is loaded yet, or another program holds the warehouse.
        RunError: A model or a test of the data failed; the published marts are as before.
    """
    settings = load_settings(playground)
    if not playground.warehouse.exists():
        raise UserError(
            f"{playground.warehouse} is missing: type `make import ARCHIVE=…` or `make extract` first"
        )
    playground.prepare()
    # Of versions that ran the unit tests here.
    (playground.dbt_dir / "unit-tests-passed").unlink(missing_ok=True)
    # An extraction that is at work waits for its turn to load, and goes on downloading.
    with (
        locks.one_at_a_time(playground.root, "transform") as lock,
        recorded(playground, "transform"),
        Steps(is_quiet=debug) as steps,
        warehouse.warehouse_turn(playground, steps.check_stop) as turn,
    ):
        steps.draw("looking whether anything is new")
        if not (is_built := _is_built(playground, settings)):
            require_raw(playground, steps)
            # With the columns that tables of an older version lacked.
            before = _made_from(playground, settings)
            build(playground, settings, steps, (lock, turn), debug)
            # What changes meanwhile (the day, a model's text) is new to the next run; the first has made what tells the day.
            if hashed := before or _made_from(playground, settings):
                write_built(playground, hashed, settings.variables)
    print(
        f"{'Nothing has changed since the marts were built. ' if is_built else ''}"
        f"The marts are in {playground.marts}. Type `{playground.to_type('make sql')}` to query them, "
        f"`{playground.to_type('make report')}` for the charts."
    )


def build(
    playground: Playground, settings: Settings, steps: Steps, held: tuple[int, ...], debug: bool
) -> None:
    """Build the marts from raw tables and publish them.

    The caller holds the warehouse; dbt keeps the descriptors `held`, too.
    """
    # Unit tests ask nothing of the data: `make test` runs them. Nothing here reads dbt's artifacts.
    arguments = ("build", "--no-write-json", "--exclude-resource-type", "unit_test")
    run_dbt(playground, settings, *arguments, steps=steps, inherited=held, debug=debug)
    from pipelines.warehouse.publish import publish

    steps.begin("publishing the marts")
    publish(playground, steps.draw)


def _is_built(playground: Playground, settings: Settings) -> bool:
    built = read_built(playground)
    return built is not None and built.made_from == _made_from(playground, settings)


def _made_from(playground: Playground, settings: Settings) -> str | None:
    texts = [path for end in ("sql", "yml", "csv", "md") for path in PROJECT.rglob(f"*.{end}")]
    return made_from(playground, settings.variables, [*texts, *own_models(playground)])


def require_raw(playground: Playground, steps: Steps) -> None:
    """Give raw tables of an older version their new columns. Raises UserError when nothing is loaded yet."""
    with warehouse.connect(playground.warehouse, steps.check_stop) as connection:
        found = tables_in(connection)
    if not {table.name for table in TABLES.values() if table.is_read_by_models} <= found:
        raise UserError(
            f"nothing is loaded yet in {playground.warehouse}: type `make import ARCHIVE=…` or `make extract` first"
        )
    add_missing_columns(playground)
