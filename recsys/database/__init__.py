"""The store of accounts, impressions, feedback, versions and jobs: SQLite in RECSYS_HOME, or PostgreSQL for a team."""
