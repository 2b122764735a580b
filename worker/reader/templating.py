"""The reader's templates, which build on those of the documents."""

from __future__ import annotations

from functools import cache

from jinja2 import PackageLoader, Template

from producer.contract.render.templating import documents

_environment = cache(lambda: documents(PackageLoader("worker.reader")))


@cache
def template(name: str) -> Template:
    """Return a template by its file name."""
    return _environment().get_template(name)
