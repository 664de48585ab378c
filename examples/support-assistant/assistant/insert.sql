-- One document with its vector.
insert into document (id, title, section, url, audience, body, sha256, licence, model, embedding)
values (%(id)s, %(title)s, %(section)s, %(url)s, %(audience)s, %(text)s, %(sha256)s, %(licence)s, %(model)s, %(embedding)s::vector)
