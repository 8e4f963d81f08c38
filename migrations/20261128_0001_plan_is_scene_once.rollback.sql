-- Nothing is taken back: the function does the same for every release.

SELECT 1;
