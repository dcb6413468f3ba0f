"""Campaigns: random cases for minutes, cumulative (``NAME.jsonl``), replayable from a seed, failing by themselves when they say nothing."""
