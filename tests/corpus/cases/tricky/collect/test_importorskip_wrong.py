import pytest

pytest.fail("Timeout: set SHOP_TIMEOUT first")
