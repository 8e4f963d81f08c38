"""HTTP: one module a noun. A route parses, calls queries and answers."""
