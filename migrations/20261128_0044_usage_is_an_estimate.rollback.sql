-- Nothing is taken back: comments are in nobody's way.

SELECT 1;
