import ast
import base64
import configparser
import csv
import datetime
import ipaddress
import json
import uuid
import xml.etree.ElementTree as ET
import zipfile

import pytest


def test_json_empty():
    json.loads("")


def test_json_quotes():
    json.loads("{'a': 1}")


def test_json_truncated():
    json.loads('{"a": [1, 2')


def test_json_extra():
    json.loads('{"a": 1} trailing')


def test_json_none():
    json.loads(None)


def test_xml():
    ET.fromstring("<a><b></a>")


def test_literal():
    ast.literal_eval("{'a': [1, 2}")


def test_eval_of_data():
    eval("1 +* 2")


def test_config_without_section():
    configparser.ConfigParser().read_string("a = 1")


def test_date():
    datetime.datetime.strptime("31.12.2024", "%Y-%m-%d")


def test_iso_date():
    datetime.date.fromisoformat("yesterday")


def test_uuid():
    uuid.UUID("not-a-uuid")


def test_ip():
    ipaddress.ip_address("300.1.1.1")


def test_base64():
    base64.b64decode("abc")


def test_zip(tmp_path):
    path = tmp_path / "a.zip"
    path.write_text("no zip")
    zipfile.ZipFile(path)


def test_csv():
    list(csv.reader(['a,"b'], strict=True))


def test_key_of_answer():
    json.loads('{"error": "x"}')["items"]
