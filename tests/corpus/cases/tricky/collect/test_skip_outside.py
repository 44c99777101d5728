import pytest

pytest.skip("not today")
