"""One prediction of a Cog image, from inside its container: what makes a run of an image whose command is a server.

Laid beside a run's inputs and started by the image's own Python in place of the image's command, which it starts in
turn. It imports nothing of ``modelyard`` and nothing but the standard library, as Python 3.7 has it: it meets whatever
is there.
"""
