"""A broker in the process: topics, partitions, offsets, consumer groups and transactions on one RocksDB."""
