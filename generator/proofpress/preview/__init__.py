"""The site while it is written: built again on each save, served to this machine, reloaded in the browser."""
