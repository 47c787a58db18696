"""What becomes of clusters, networks, ranges, addresses and settings: done, or refused in words.

A person's verb and a cluster's declaration call the same functions.
"""
