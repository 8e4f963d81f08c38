-- Nothing to undo: these tables hold figures alone, and the previous release does not look at them.

SELECT 1;
