import errno
import os
import shutil
import smtplib
import socket
import ssl

import pytest


def test_refused(nobody):
    socket.create_connection(("127.0.0.1", nobody), timeout=2)


def test_recv_timeout(server):
    with socket.create_connection(("127.0.0.1", int(server.rsplit(":", 1)[1])), timeout=0.1) as connection:
        connection.recv(1)


def test_reset(server):
    with socket.create_connection(("127.0.0.1", int(server.rsplit(":", 1)[1])), timeout=2) as connection:
        connection.sendall(b"GET /reset HTTP/1.1\r\n\r\n")
        connection.recv(10)
        connection.recv(10)


def test_address_in_use():
    with socket.create_server(("127.0.0.1", 0)) as first:
        socket.create_server(first.getsockname())


def test_name_resolution():
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def test_name_unknown():
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_unreachable():
    raise OSError(errno.ENETUNREACH, "Network is unreachable")


def test_connection_timed_out():
    raise OSError(errno.ETIMEDOUT, "Connection timed out")


def test_broken_pipe():
    one, two = socket.socketpair()
    two.close()
    with one:
        one.send(b"a")
        one.send(b"a")


def test_certificate():
    raise ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed")


def test_bad_certificate_file(tmp_path):
    (tmp_path / "a.pem").write_text("no certificate")
    ssl.create_default_context().load_cert_chain(tmp_path / "a.pem")


def test_no_space():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/lib/shop/out.bin")


def test_too_many_files():
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_permission():
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/etc/shop.conf")


def test_read_only():
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/usr/share/shop/cache")


def test_display():
    raise OSError("cannot load library 'libGL.so.1': libGL.so.1: cannot open shared object file")


def test_shared_object():
    import ctypes

    ctypes.CDLL("libshopcrypto.so.3")


def test_file_exists(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a").mkdir()


def test_not_empty(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").touch()
    (tmp_path / "a").rmdir()


def test_same_file(tmp_path):
    (tmp_path / "a").touch()
    shutil.copy(tmp_path / "a", tmp_path / "a")


def test_bad_descriptor():
    os.read(9999, 1)


def test_mail_refused(nobody):
    smtplib.SMTP("127.0.0.1", nobody, timeout=2)


def test_mail_login():
    raise smtplib.SMTPAuthenticationError(535, b"5.7.8 Username and Password not accepted")


def test_mail_busy():
    raise smtplib.SMTPResponseException(421, b"4.3.2 Service not available, closing transmission channel")


def test_timeout_error():
    raise TimeoutError("the read operation timed out")


def test_closed_file(tmp_path):
    with open(tmp_path / "a", "w") as file:
        pass
    file.write("x")
