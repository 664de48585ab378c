"""The store of evidence beyond files: PostgreSQL, the embedded one or the one `READINESS_DATABASE_URL` names."""
