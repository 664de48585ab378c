-- One row for each other way out of the tables: functions that run with another's rights and that one of these roles may
-- call, and memberships that reach the files and programs of the server.
select 'may call ' || space.nspname || '.' || proc.proname || ', which runs with the rights of ' || pg_get_userbyid(proc.proowner)
from pg_proc proc
join pg_namespace space on space.oid = proc.pronamespace
where proc.prosecdef
  and space.nspname !~ '^pg_' and space.nspname <> 'information_schema'
  and exists (
    select from pg_roles role where role.rolname = any (%(roles)s::text[]) and not pg_has_role(role.oid, proc.proowner, 'USAGE')
      and has_schema_privilege(role.oid, space.oid, 'usage') and has_function_privilege(role.oid, proc.oid, 'execute')
  )
union
select 'is in ' || server.rolname || ', which reaches the files or programs of the server'
from pg_roles server
join pg_roles role on role.rolname = any (%(roles)s::text[]) and pg_has_role(role.oid, server.oid, 'MEMBER')
where server.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program') and not role.rolsuper
order by 1;
