-- Back to an empty database: the table with its policies, then the roles of its readers.
drop table document;
drop role if exists assistant_operator, assistant_customer, assistant_partner, assistant_loader;
