"""The one typed generator of schemas, data, policies, sessions and programs behind every campaign.

It writes liq *text*, so that a case goes through the whole compiler. Everything follows from one seed.
"""
