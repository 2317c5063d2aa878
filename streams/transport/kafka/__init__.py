"""The Kafka transport: Faust's own driver, with batch folds in one transaction per partition and fast recovery."""
