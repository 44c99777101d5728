import pydantic
import pydantic_settings
import pytest
import yaml
from lxml import etree
from lxml import html


class Order(pydantic.BaseModel):
    id: int
    name: str
    lines: list[int] = []


class Settings(pydantic_settings.BaseSettings):
    shop_secret_key: str


def test_wrong_field():
    Order(id="abc", name="tea")


def test_missing_field():
    Order.model_validate({"id": 1})


def test_model_json():
    Order.model_validate_json('{"id": 1, ')


def test_model_of_answer():
    Order.model_validate_json('{"id": 1, "name": null}')


def test_settings():
    Settings()


def test_validated_call():
    @pydantic.validate_call
    def add(a: int, b: int):
        return a + b

    add(1, "x")


def test_model_attribute():
    Order(id=1, name="a").price


def test_schema_of_unknown_type():
    class Thing:
        pass

    class Holder(pydantic.BaseModel):
        thing: Thing


def test_adapter():
    pydantic.TypeAdapter(list[int]).validate_python(["a"])


def test_yaml_tabs():
    yaml.safe_load("a:\n\t- b")


def test_yaml_indent():
    yaml.safe_load("a: b: c")


def test_yaml_constructor():
    yaml.safe_load("!!python/object:shop.Thing {}")


def test_yaml_anchor():
    yaml.safe_load("a: *b")


def test_yaml_represent():
    yaml.safe_dump({"a": object()})


def test_lxml():
    etree.fromstring("<a><b></a>")


def test_lxml_empty():
    etree.fromstring("")


def test_lxml_html_empty():
    html.fromstring("")


def test_xpath():
    etree.fromstring("<a/>").xpath("//a[")


def test_schema_invalid():
    schema = etree.XMLSchema(
        etree.fromstring(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:int"/></xs:schema>'
        )
    )
    schema.assertValid(etree.fromstring("<a>x</a>"))


def test_xslt():
    etree.XSLT(etree.fromstring("<a/>"))


def test_xml_file_missing():
    etree.parse("/nonexistent/a.xml")


def test_find_nothing():
    etree.fromstring("<a/>").find("b").text


def test_yaml_key():
    yaml.safe_load("a: 1")["b"]
