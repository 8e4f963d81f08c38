"""Checks of what padws needs: all of them for `padws doctor`, the quick ones when it starts.

`variables`, `postgresql`, `redis_server`, `provider` and `files` each look at one thing, and yield
findings; `command` prints them, and `starting` logs those that take no time.
"""
