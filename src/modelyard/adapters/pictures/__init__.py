"""Pictures that people upload, drawn anew."""
