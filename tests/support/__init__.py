"""Private, real services for tests: PostgreSQL, a Docker engine, a registry, an S3 server, Chromium.

Each is started by the first test that asks for it, shared by the workers of one pytest run, and stopped at its end.
"""
