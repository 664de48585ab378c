"""What lives in the processes of users; empty until there are decisions to record."""
