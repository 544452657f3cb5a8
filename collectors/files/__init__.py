"""Files dropped into a folder: CSV, Excel, JSON, XML and Parquet become drafts of the source `files.<folder>` by the folder's `mapping.yaml`."""
