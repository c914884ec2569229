"""What is said where the marts were built with other settings than config.toml has now."""

import sys

from pipelines.playground import Playground
from pipelines.settings import Settings
from pipelines.warehouse.built import Built, changed_settings


def tell_changed_settings(playground: Playground, built: Built | None, settings: Settings) -> str | None:
    """Say it to whoever looks at the marts; returns it for a page, which names no path of this machine."""
    changed = changed_settings(built, settings.variables)
    if not changed:
        return None
    said = f"the marts are as they were built, before {' and '.join(changed)} changed: type "
    for_todays = "for marts with today's settings"
    print(f"note: {said}`{playground.to_type('make transform')}` {for_todays}", file=sys.stderr)
    return f"{said}make transform {for_todays}"
