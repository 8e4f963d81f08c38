"""The benchmark against the targets: `make bench`; docs/performance.md says what it shows.

What is measured, and where to find it:

- `drawings`, `filling`: what is in the database; `people`: who asks
- `stand`: the servers under test, and what the operating system reports about them (`processes`)
- `works`: the requests, each beside the SQL statement that is its floor
- `load` and `floor`: wrk drives the service, pgbench drives PostgreSQL
- `measuring`: rounds of both, which are refused if the work is not the same
- `figures`, `report`, `plot`: medians, targets and verdicts, in Markdown, JSON and SVG
- `table`, `growth`, `editors`, `savings`: what can be run; `hour` is part of the last one
"""
