"""Where the orders are."""

TABLE = "orders"
