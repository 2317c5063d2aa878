#!/usr/bin/env bash
# Makes the tests' real Kafka ready: Java 17+ and Maven on this machine, the broker's jars in .cache/kafka/lib.
exec "$(dirname "${BASH_SOURCE[0]}")/../jars.sh" kafka
