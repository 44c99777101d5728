"""What the run's own tests changed about this process is put right while it repairs, and as they left it afterwards.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping


@contextlib.contextmanager
def as_started(environ: Mapping[str, str], directory: str) -> Iterator[None]:
    """Give this process the environment and the folder it was started with, for as long as the block lasts.

    Children, git and whoever asks the environment would else meet what a test left: another `PATH`, a folder that is
    gone. Signal handlers stay: an interrupt is the person's own wish.

    Args:
        environ: the environment when the plugin was activated.
        directory: the folder pytest was started in; when it is gone, the process stays where it is.
    """
    left = dict(os.environ)
    try:
        where = os.getcwd()  # noqa: PTH109 - nothing else is needed of it
    except OSError:
        where = ""
    _set_environ(environ)
    with contextlib.suppress(OSError):
        os.chdir(directory)
    try:
        yield
    finally:
        _set_environ(left)
        if where:
            with contextlib.suppress(OSError):
                os.chdir(where)


def _set_environ(wanted: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
