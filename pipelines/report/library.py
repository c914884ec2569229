"""The JavaScript library that draws the charts."""

import secrets
import sys
from importlib.metadata import version
from pathlib import Path

# vl-convert puts the library together anew each time, which takes two seconds: kept with the environment, per version.
KEPT_IN = Path(sys.prefix) / "share" / "strava-marts"


def drawing_library(kept_in: Path = KEPT_IN) -> str:
    """Vega, Vega-Lite and Vega's interpreter as one script that defines `vegaEmbed`; kept in a folder if it may be written."""
    kept = kept_in / f"vega-{version('vl-convert-python')}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except OSError:
        import vl_convert

        source: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
        _keep(kept, source)
        return source


def _keep(kept: Path, source: str) -> None:
    temporary = kept.with_name(f".{kept.name}.{secrets.token_hex(8)}.tmp")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(source, encoding="utf-8")
        temporary.replace(kept)
    except OSError:
        return  # The environment is another user's: the next page waits for the library again.
