"""Looking at what padws needs: all of it for `padws doctor`, what takes no time when it starts.

`variables`, `postgresql`, `redis_server`, `provider` and `files` each look at one thing, and give
findings; `command` shows them, and `starting` says the first of them in the log.
"""
