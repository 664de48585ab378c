alter table orders drop column note;
alter table orders rename column ordered_at to placed;
