drop index document_by_audience;
