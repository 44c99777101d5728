"""`selfheal serve`: the live page.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.errors import UsageError
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    import argparse

_NEEDED = ("starlette", "uvicorn")


def serve(arguments: argparse.Namespace) -> int:
    """`selfheal serve`: runs until Ctrl-C, which is its normal end."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the live page needs {' and '.join(missing)}", todo="pip install 'pytest-selfheal[web]', then try again"
        )
    from pytest_selfheal.web.serving import serve as run
    from pytest_selfheal.web.site import Site
    from pytest_selfheal.web.site import is_loopback

    project = Project(arguments)
    needs_token = arguments.token or not is_loopback(arguments.host)
    site = Site(
        root=project.root,
        policy=project.policy,
        open_store=project.open_store,
        host=arguments.host,
        port=arguments.port,
        token=os.urandom(24).hex() if needs_token else "",
        names=frozenset(name.lower() for name in arguments.allow_host),
    )

    def announce(address: str) -> None:
        where = terminal_line(str(project.root))
        sys.stdout.write(f"selfheal: {where} is at {address}\nCtrl-C ends it.\n")
        sys.stdout.flush()

    run(site, announce)
    return 0
