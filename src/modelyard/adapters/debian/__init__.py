"""Debian packages through ``apt-get``, with a private state folder."""
