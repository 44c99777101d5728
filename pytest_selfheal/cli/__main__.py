"""`python -m pytest_selfheal.cli`.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.cli import main

raise SystemExit(main())
