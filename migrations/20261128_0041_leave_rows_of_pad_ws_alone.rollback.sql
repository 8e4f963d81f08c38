-- Nothing is taken back: the rules let through all that they did, and rolling back further changes rows of pad.ws.

SELECT 1;
