"""How letters reach people: webhooks, mail, and what Apprise reaches. Nothing here knows the log or its tables."""
