"""PostgreSQL, Redis and a sign-in provider for a machine that has none, and `flask dev`.

command.py is `flask dev`: it starts what the environment does not name, then gunicorn.
"""
