-- Nothing to undo: the functions stay as well, and the release before calls none of them.

SELECT 1;
