"""`make purge`: what is marked deleted leaves every table and file."""

from pipelines import locks
from pipelines.commands._display import Steps
from pipelines.commands._recorded import recorded
from pipelines.commands.transform import build, require_raw
from pipelines.errors import UserError, counted
from pipelines.files import make_private
from pipelines.playground import Playground
from pipelines.report import forget_places
from pipelines.settings import Settings, load_settings
from pipelines.warehouse.file import warehouse_turn
from pipelines.warehouse.published import open_published
from pipelines.warehouse.purge import Purged, compact, delete_marked, remove_working_files


def main(playground: Playground, *, debug: bool = False) -> None:
    """Purge, and say what is gone.

    Killed at any instant it leaves everything whole, `make status` tells, and the next one goes through to the end:
    it does all its steps, whether or not there is a row to delete.

    Raises:
        UserError: Nothing is loaded yet, or another command or program is at work.
        RunError: The marts could not be built without what is deleted.
    """
    settings = load_settings(playground)
    if not playground.warehouse.exists():
        raise UserError(
            f"{playground.warehouse} is missing: there is nothing to purge; type `make extract` first"
        )
    playground.prepare()
    with (
        locks.one_at_a_time(playground.root, "extract", "purge") as extract,
        locks.one_at_a_time(playground.root, "transform", "purge") as transform,
        recorded(playground, "purge"),
        Steps(is_quiet=debug) as steps,
    ):
        make_private(playground.purging)
        size_before = playground.warehouse.stat().st_size
        purged, removed = _purge(playground, settings, steps, (extract, transform), debug)
        playground.purging.unlink()
    size = playground.warehouse.stat().st_size
    print(
        f"{counted(purged.activity_count, 'activity that is', 'activities that are')} deleted on Strava "
        f"{'is' if purged.activity_count == 1 else 'are'} gone, with {counted(purged.sample_count, 'sample')}; "
        f"{playground.warehouse} takes {size / 1e6:.1f} MB, before {size_before / 1e6:.1f} MB"
    )
    if removed:
        print(playground.hinted(f"Removed, as they may name what is deleted: {' and '.join(removed)}."))


def _purge(
    playground: Playground, settings: Settings, steps: Steps, held: tuple[int, ...], debug: bool
) -> tuple[Purged, list[str]]:
    from pipelines.warehouse.load import Loader

    # What dlt has in its folder would come back with the next extract, or be lost with the folder.
    steps.begin("looking for what is not loaded yet")
    Loader(playground, steps.check_stop).resume()
    with warehouse_turn(playground, steps.check_stop) as turn:
        steps.begin("removing what is deleted")
        purged = delete_marked(playground)
        if playground.marts.exists() or playground.marts_parquet.exists():
            require_raw(playground, steps)
            build(playground, settings, steps, (*held, turn), debug)
        if playground.marts.exists():
            with open_published(playground) as marts:
                forget_places(marts, playground.privacy_zones)
        steps.begin("writing the warehouse anew")
        compact(playground)
        return purged, remove_working_files(playground)
