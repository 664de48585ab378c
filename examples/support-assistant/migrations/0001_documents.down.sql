-- Back to an empty database: the table with its policies, then the roles of its readers.
drop table document;

do $$
begin
  execute format('drop role if exists %I, %I', current_database() || '_customer', current_database() || '_operator');
end
$$;
