"""`padws users`, `pads` and `templates`: the service's own work, by hand. docs/shell.md."""
