-- Nothing to undo: dropping the table would end everybody's tokens, and the previous release does
-- not look at it.

SELECT 1;
