"""Reports of other tools, read strictly: one module a format, each gives a `Report`. Nothing here touches a file."""
