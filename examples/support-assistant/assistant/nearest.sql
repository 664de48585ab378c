-- The documents nearest to a question, of those its reader may see.
select id, title, url, body, sha256, 1 - (embedding <=> %(question)s::vector) as similarity
from document
order by embedding <=> %(question)s::vector, id
limit %(limit)s
