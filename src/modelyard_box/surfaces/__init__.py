"""Protocols that other servers speak, each made from the one signature."""
