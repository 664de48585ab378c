"""The embedded PostgreSQL: one server for each folder, started when it is asked for and shared by every process.

`Server(folder).ensure()` is all that most callers need. The server outlives whoever started it.
"""

from readiness.world.postgres.address import Address
from readiness.world.postgres.programs import binaries
from readiness.world.postgres.server import Server

__all__ = ["Address", "Server", "binaries"]
