"""Bill files: reading FOCUS, converting it to Parquet, and asking the Parquet files. Knows no table of ours."""
