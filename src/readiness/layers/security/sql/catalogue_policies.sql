-- One row for each row policy of these tables: the table, its name, whether it permits, what it is for, whom, and its
-- two conditions, with every name outside pg_catalog in full where the search path is empty.
select
  policy.polrelid,
  policy.polname::text,
  policy.polpermissive,
  case policy.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
  (
    select array_agg(case when one.oid = 0 then 'public' else pg_get_userbyid(one.oid)::text end order by one.oid <> 0, pg_get_userbyid(one.oid))
    from unnest(policy.polroles) as one(oid)
  ),
  pg_get_expr(policy.polqual, policy.polrelid),
  pg_get_expr(policy.polwithcheck, policy.polrelid)
from pg_policy policy
where policy.polrelid = any (%(oids)s::oid[])
order by policy.polrelid, policy.polname;
