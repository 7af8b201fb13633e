"""The folder that a command looks at, and the template in it that it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from service.commands.terminal import Refused

if TYPE_CHECKING:
    from service.catalogue import Catalogue
    from service.core.template import Template


def catalogue_of(folder: Path | None) -> Catalogue:
    """What the folder holds; unless named, the one in the settings, else the starter pack."""
    from service.catalogue import Catalogue
    from service.settings import templates_folder

    where = folder or templates_folder()
    if not where.is_dir():
        raise Refused(f"there is no folder {where}", "name the folder that holds your templates")
    return Catalogue.load(where)


def recipe_of(catalogue: Catalogue, name: str) -> Template:
    """The template of this name."""
    from service.config_checks import did_you_mean

    if name not in catalogue.templates:
        broken = "\n    `tminus templates check` tells why others are refused" if catalogue.problems else ""
        raise Refused(f"there is no template `{name}`", did_you_mean(name, catalogue.templates) + broken)
    return catalogue.templates[name]
