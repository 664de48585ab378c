-- One row for each role that a login as this one can act as: itself, those it can take on by SET ROLE, and those whose
-- membership it can give itself; whether it is a superuser, is not bound by row security, and may make roles.
-- In PostgreSQL 16 a membership may be without SET; before that MEMBER says it.
with me as (select oid, rolsuper from pg_roles where rolname = %(role)s)
select
  role.rolname::text,
  case
    when role.oid = me.oid then ''
    when pg_has_role(me.oid, role.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
      then 'by SET ROLE ' || role.rolname
    else 'by giving itself the role ' || role.rolname
  end,
  role.rolsuper,
  role.rolbypassrls,
  role.rolcreaterole
from me
join pg_roles role
  on role.oid = me.oid
  or (not me.rolsuper and (
    pg_has_role(me.oid, role.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
    or pg_has_role(me.oid, role.oid, 'MEMBER WITH ADMIN OPTION')
  ))
order by role.oid <> me.oid, 2, 1;
