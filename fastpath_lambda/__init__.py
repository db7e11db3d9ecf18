"""The hot path: everything between a sale's order request and its answer, and nothing else.

This folder is the deployed bundle. It imports nothing of the shop and no framework;
the shop imports its rules from here, so a rule changed here changes on both paths.
"""
