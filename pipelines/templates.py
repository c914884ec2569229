"""HTML templates: whatever a template is given is text, and is escaped."""

from pathlib import Path

import jinja2


def load_template(file: Path) -> jinja2.Template:
    """The template in a file; a name that it is not given is an error, not an empty text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(file.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":")}
    return environment.get_template(file.name)
