"""What moderators may do, and the bans and mutes in force."""
