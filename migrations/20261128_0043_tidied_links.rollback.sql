-- Nothing is taken back: a comment is in nobody's way.

SELECT 1;
