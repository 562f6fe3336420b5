"""Content stores: a local folder, or a bucket that speaks S3."""
