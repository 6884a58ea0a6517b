"""The column types contracts are written in. One name per kind of quantity, the same in every feed."""

from typing import Annotated

import polars as pl

Text = pl.String
Whole = pl.Int64
Flag = pl.Boolean
Day = pl.Date
Instant = Annotated[pl.Datetime, "us", "UTC"]
Money = Annotated[pl.Decimal, 18, 2]
