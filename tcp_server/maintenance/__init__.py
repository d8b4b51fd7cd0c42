"""The commands that look after the log on disk: export, backup, restore, check and compact."""
