-- Nothing is taken back: the release before gives each of these values itself, and the columns that
-- only pad.ws knows have to keep their defaults for as long as padws adds rows.

SELECT 1;
