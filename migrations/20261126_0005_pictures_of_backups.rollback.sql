-- Nothing is taken back: the next rollback needs the references to be there.

SELECT 1;
