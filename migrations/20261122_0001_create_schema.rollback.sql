-- Nothing to undo: dropping the schema would drop every drawing in it.

SELECT 1;
