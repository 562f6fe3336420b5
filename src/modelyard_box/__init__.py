"""The server inside a model image. Imports nothing of ``modelyard`` and shares no package with the user's code."""

VERSION = "2"
"""Changes whenever an image with a newer box would behave differently; part of what the image digest depends on."""
