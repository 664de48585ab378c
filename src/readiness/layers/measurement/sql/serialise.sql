-- A SELECT as the JSON of its parsed tree, without running it.
select json_serialize_sql(?)
