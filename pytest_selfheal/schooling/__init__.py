"""How a project's people teach: what is kept at a failure, what is learned at the green, and how it is used again.

Joins the rooms `learn` (pure), `repair` (sources, child processes) and `store` (what is kept). Only runs that had a
failure, or whose tests were waiting for their green, load anything of it.

PYTEST_DONT_REWRITE
"""
