-- Nothing is taken back: every release reads scenes in either compression.

SELECT 1;
