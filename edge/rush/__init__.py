"""A rush: the demand of a real sale, replayed against the running shop through its edge.

`visitors.py` is the load and runs as a process of its own, without Django, so that the
measuring does not wait for the measured. The rest asks the database and `web` what
became of it.
"""
