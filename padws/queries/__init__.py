"""What is asked of PostgreSQL: one function a statement, and the rules that take several."""
