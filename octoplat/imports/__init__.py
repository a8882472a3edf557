"""Copying from another server of the dialect: reads its REST API, and writes through our own.

`references` translates ids, `kinds` says what is copied in which order, `copying` does it, `report` tells.
"""
