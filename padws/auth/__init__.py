"""Sign-in, sessions, who is asking, and who may."""
