import io

import numpy as np
import pandas as pd
import pytest


def test_numpy_broadcast():
    np.zeros(3) + np.zeros(4)


def test_numpy_matmul():
    np.zeros((2, 3)) @ np.zeros((2, 3))


def test_numpy_reshape():
    np.arange(6).reshape(4, 2)


def test_numpy_index():
    np.zeros(3)[7]


def test_numpy_truth():
    bool(np.zeros(3))


def test_numpy_singular():
    np.linalg.inv(np.zeros((2, 2)))


def test_numpy_attribute():
    np.flaot64(1)


def test_numpy_removed():
    np.float(1)


def test_numpy_ufunc():
    np.sqrt("four")


def test_numpy_allclose():
    np.testing.assert_allclose([1.0, 2.0], [1.0, 2.1])


def test_numpy_equal():
    np.testing.assert_array_equal(np.arange(3), np.arange(1, 4))


def test_numpy_axis():
    np.zeros(3).sum(axis=2)


def test_numpy_memory():
    np.zeros((10**9, 10**9))


def test_numpy_load():
    np.load(io.BytesIO(b"no array"))


def test_numpy_text():
    np.loadtxt(io.StringIO("1 2\n3 x"))


def test_pandas_column():
    pd.DataFrame({"a": [1]})["b"]


def test_pandas_columns():
    pd.DataFrame({"a": [1]})[["a", "b"]]


def test_pandas_iloc():
    pd.DataFrame({"a": [1]}).iloc[3]


def test_pandas_merge():
    pd.DataFrame({"a": [1]}).merge(pd.DataFrame({"b": [1]}), on="c")


def test_pandas_truth():
    if pd.Series([True, False]):
        pass


def test_pandas_length():
    pd.DataFrame({"a": [1, 2], "b": [1]})


def test_pandas_append():
    pd.DataFrame({"a": [1]}).append({"a": 2})


def test_pandas_to_numeric():
    pd.to_numeric(pd.Series(["1", "x"]))


def test_pandas_dates():
    pd.to_datetime("the day after")


def test_pandas_csv():
    pd.read_csv(io.StringIO("a,b\n1,2\n3,4,5,6"))


def test_pandas_csv_empty():
    pd.read_csv(io.StringIO(""))


def test_pandas_file():
    pd.read_csv("/nonexistent/items.csv")


def test_pandas_parquet():
    pd.read_parquet("/nonexistent/items.parquet")


def test_pandas_excel(tmp_path):
    pd.DataFrame({"a": [1]}).to_excel(tmp_path / "a.xlsx")


def test_pandas_frame_equal():
    pd.testing.assert_frame_equal(pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}))


def test_pandas_dtype_equal():
    pd.testing.assert_series_equal(pd.Series([1]), pd.Series([1.0]))


def test_pandas_types():
    pd.Series(["a", "b"]) + 1


def test_pandas_cast():
    pd.Series(["a"]).astype(int)
