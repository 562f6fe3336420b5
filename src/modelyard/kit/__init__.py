"""Foundations without domain words: database, errors, HTTP, clock, paging."""
