"""From a failure to a validated, journalled fix: patches, fixers, guards, validation, journal.

The modules are imported one by one where they are needed; importing this package loads none of them.

PYTEST_DONT_REWRITE
"""
