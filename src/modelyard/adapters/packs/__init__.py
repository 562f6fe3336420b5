"""Archives of images, read where they lie: checked, decoded, hashed and indexed by processes of their own."""
