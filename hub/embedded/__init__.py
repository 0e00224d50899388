"""PostgreSQL and Valkey out of two wheels, for whoever has set neither service.

Each keeps its data under the var folder, listens on a Unix socket only, and runs in a session of
its own. The addresses are arithmetic on the folder's path, so that settings can name a server that
nobody has started yet.
"""

from hub.embedded.addresses import broker_url, cache_url, database_url, var_folder

__all__ = ["broker_url", "cache_url", "database_url", "var_folder"]
