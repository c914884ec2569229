"""What is said where the marts were built with other settings than config.toml has now."""

import sys

from pipelines.commands.dbt import variables
from pipelines.playground import Playground
from pipelines.settings import Settings


def changed_since_built(playground: Playground, settings: Settings) -> list[str]:
    """Return the settings that have changed since the marts were built, as config.toml names them."""
    if not playground.built.exists():
        return []
    # Imported late: DuckDB is half of what status takes before the first load.
    from pipelines.warehouse.built import changed_settings, read_built

    return changed_settings(read_built(playground), variables(settings))


def tell_changed_settings(playground: Playground, settings: Settings) -> str | None:
    """Say it to whoever looks at the marts; returns it for a page, which names no path of this machine."""
    changed = changed_since_built(playground, settings)
    if not changed:
        return None
    said = f"the marts are as they were built, before {' and '.join(changed)} changed: type "
    for_todays = "for marts with today's settings"
    print(f"note: {said}`{playground.to_type('make transform')}` {for_todays}", file=sys.stderr)
    return f"{said}make transform {for_todays}"
