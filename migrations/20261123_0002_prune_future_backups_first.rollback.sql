-- Nothing is taken back: the function does for every release what it did before, and keeps backups
-- that the one before it would have deleted.

SELECT 1;
