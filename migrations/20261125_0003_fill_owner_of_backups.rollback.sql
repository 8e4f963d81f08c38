-- Nothing to take back: that a backup says its owner is in nobody's way.
SELECT 1;
