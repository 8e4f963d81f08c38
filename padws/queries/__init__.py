"""What is asked of PostgreSQL: one function per statement, and the rules that take several."""
