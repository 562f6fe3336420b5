"""Tables that strangers made, read by DuckDB in processes of their own."""
