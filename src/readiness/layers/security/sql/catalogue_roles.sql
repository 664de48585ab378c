-- One row for each role of these names that there is, and whether row security does not count for it.
select rolname, rolsuper or rolbypassrls from pg_roles where rolname = any (%(names)s::text[]);
