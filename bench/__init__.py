"""The benchmark against the targets: `make bench`; docs/performance.md says what it tells.

What is measured, and where it stands:

- `drawings`, `filling`: what is in the database; `people`: who asks
- `stand`: the servers under test, and what the operating system knows of them (`processes`)
- `works`: the requests, each beside the SQL statement that is its floor
- `load` and `floor`: wrk drives the service, pgbench drives PostgreSQL
- `measuring`: rounds of both; refuses what is not the same work
- `figures`, `report`, `plot`: medians, targets and verdicts, in Markdown, JSON and SVG
- `table`, `growth`, `editors`: the three things that can be run
"""
