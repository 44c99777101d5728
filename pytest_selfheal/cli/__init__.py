"""The `selfheal` command: what pytest runs recorded, and what a person wants done about it.

Exit statuses: 0 done or passed, 1 blocked or refused, 2 usage or settings, 3 cannot tell, 130 interrupted.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_selfheal.errors import SelfHealError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; the one place where errors become text."""
    from pytest_selfheal.cli.parser import build_parser

    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except SelfHealError as error:
        sys.stderr.write(f"selfheal: {error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("selfheal: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; keep the interpreter from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
