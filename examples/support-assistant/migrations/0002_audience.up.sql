-- Each question is asked under a policy on the audience, so that it is looked up and not searched for.
create index if not exists document_by_audience on document (audience);
