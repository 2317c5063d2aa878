"""The streams: topics, transports, agents and the tables they fold. The only importer of Faust."""
