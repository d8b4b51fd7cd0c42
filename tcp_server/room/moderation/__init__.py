"""Actions of moderators, and the bans and mutes in force."""
