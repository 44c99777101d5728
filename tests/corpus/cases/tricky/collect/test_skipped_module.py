import pytest

pytest.skip("no such service", allow_module_level=True)
