"""HTTP for all blueprints: bodies in, versions compared, JSON out."""
