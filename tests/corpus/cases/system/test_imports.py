import importlib

import pytest


def test_in_product():
    from shop import uses_extra


def test_broken_product():
    from shop import half_done


def test_import_module():
    importlib.import_module("rabbitmq_next.client")


def test_own_by_name():
    importlib.import_module("shop.warehouse_next")


def test_submodule_not_imported():
    import shop

    shop.delivery.cost()


def test_attribute_of_own_module():
    import shop.pricing

    shop.pricing.totals([])


def test_relative():
    importlib.import_module(".client", "shopp")


def test_submodule_of_library():
    import requests.sessionz


def test_moved_in_stdlib():
    from collections import Mapping


def test_no_distribution():
    importlib.metadata.version("shop-that-is-not-installed")


def test_no_resource():
    importlib.resources.files("shop").joinpath("prices.json").read_text()


def test_name_of_library():
    assert np.zeros(3).sum() == 0


def test_name_path(tmp_path):
    assert Path(tmp_path).is_dir()


def test_name_defaultdict():
    defaultdict(list)["a"].append(1)


def test_name_deleted():
    price = 1
    del price
    price
