"""Writes the files of this folder: one table in each codec of parquet.

    pip install pyarrow==25.0.1
    python test/data/parquet/make.py
"""

import datetime
import math
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

rows = range(120)
table = pa.table(
    {
        "single": pa.array([(i % 37) / 10 for i in rows], pa.float32()),
        "double": pa.array([math.sqrt(i) for i in rows], pa.float64()),
        "half": pa.array([i / 8 for i in rows], pa.float16()),
        "long": pa.array([(i * 7919) % 1000 - 500 for i in rows], pa.int64()),
        "byte": pa.array([i % 256 for i in rows], pa.uint8()),
        "flag": pa.array([i % 3 == 0 for i in rows], pa.bool_()),
        "word": pa.array(["ant", "bee", "cat"][i * 2 % 3] if i % 50 != 7 else None for i in rows),
        "day": pa.array([datetime.date(2024, 1, 1) + datetime.timedelta(i) for i in rows]),
        "pair": pa.array([[i, i + 0.5] for i in rows], pa.list_(pa.float32())),
    }
)
folder = pathlib.Path(__file__).parent
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    # Both forms of pages that there are, columns with a dictionary and without, and several groups of rows.
    pq.write_table(
        table,
        folder / f"{codec}.parquet",
        compression=codec,
        row_group_size=50,
        data_page_size=512,
        data_page_version="2.0" if codec in ("zstd", "gzip") else "1.0",
        use_dictionary=["word", "byte"],
    )
