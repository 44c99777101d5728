"""Records in a database: PostgreSQL for a team, SQLite for one host; needs the extra `sql`.

PYTEST_DONT_REWRITE
"""
