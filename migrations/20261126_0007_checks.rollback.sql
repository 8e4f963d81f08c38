-- Nothing to undo: the table holds results alone, and the previous release does not look at it.

SELECT 1;
