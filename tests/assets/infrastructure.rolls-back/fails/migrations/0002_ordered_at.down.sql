alter table orders drop column note;
alter table orders drop column ordered_at, add column placed date not null default '2020-01-01';
alter table orders alter column placed drop default;
