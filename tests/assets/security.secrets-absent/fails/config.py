"""How the shop is reached."""

URL = "postgresql://shop:{PLANTED}@db.shop.io/shop"
