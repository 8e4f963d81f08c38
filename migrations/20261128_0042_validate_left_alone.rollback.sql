-- Nothing is taken back: what has been validated stays true.

SELECT 1;
