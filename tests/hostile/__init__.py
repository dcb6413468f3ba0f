"""Hostile input: mutations of real texts, bombs, and injection payloads in every string position."""
