"""Real faults under the embedded log: a full disk, a disk that refuses, damaged and missing files.

Run as a program this module fills the disk it is given, and prints what became of each write.
"""

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogCorrupt, LogWriteError
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.records import OFFSET
from streams.transport.embedded.repair import main as repair
from streams.transport.embedded.transaction import Transaction

ROOT = Path(__file__).parents[3]
RECORDS = 20  # in each transaction
FIRST_MANIFEST = bytes.fromhex(
    "bd57d6aa2d000181402431356231323535382d323031642d346533322d386331382d633136343334636439353434020003020400"
)
"""What RocksDB has written when it opens the first write-ahead log of a new database."""


def transaction_of(number: int) -> Transaction:
    """Records, a row and a position, each with the number; 20 kB."""
    transaction = Transaction()
    for _ in range(RECORDS):
        transaction.append("t", 0, b"%d" % number, os.urandom(1000))
    transaction.put_rows("rows", 0, {b"%d" % number: b""})
    transaction.commit_offset("g", "t", 0, number)
    return transaction


async def written(directory: Path, flush: bool = True) -> None:
    """A log of 40 transactions that was left as kill -9 leaves it: the first half in a table file, the rest not."""
    log = EmbeddedLog.open(directory.with_name("living"))
    log.create_topic("t", TopicConfig(1))
    for number in range(40):
        await log.commit(transaction_of(number))
        if number == 20 and flush:
            log._database.flush()
    shutil.copytree(log.directory, directory)
    await log.close()


async def numbers(directory: Path) -> list[int]:
    """The transactions in a log, each of which must be whole, and its offsets without a hole."""
    log = EmbeddedLog.open(directory)
    records = log.read("t", 0, 0, 10**6, 10**9)
    found = [int(record.key or b"") for record in records]
    assert [record.offset for record in records] == list(range(log.end_offset("t", 0)))
    assert sorted(found[::RECORDS] * RECORDS) == sorted(found)
    assert {b"%d" % number for number in found} == {key for key, _ in log.rows.scan("rows", 0)}
    assert log.committed("g", "t", 0) == found[-1]
    await log.append("t", 0, b"0", b"the log can be written")
    await log.close()
    return found[::RECORDS]


def only(directory: Path, pattern: str) -> Path:
    """The file there is of this kind."""
    [path] = directory.glob(pattern)
    return path


def overwrite(path: Path, share: float, damage: bytes) -> None:
    """Damage a file at this share of its length."""
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * share))
        file.write(damage)


class TestDamagedFiles:
    async def test_a_log_torn_off_at_its_end_opens(self, tmp_path: Path) -> None:
        """As kill -9 or the loss of power leave it: wherever the tear is, and with zeros or old blocks behind it."""
        whole = tmp_path / "whole"
        await written(whole)
        size = only(whole, "*.log").stat().st_size
        for cut, behind in ((1, b""), (7, b""), (501, bytes(5000)), (9000, b"old" * 9000), (100_000, bytes(90_000))):
            torn = tmp_path / f"torn-{cut}"
            shutil.copytree(whole, torn)
            os.truncate(only(torn, "*.log"), size - cut)
            with only(torn, "*.log").open("ab") as file:
                file.write(behind)
            left = await numbers(torn)
            assert left == list(range(len(left)))
            assert 40 - 2 - cut // 20_000 <= len(left) < 40

    @pytest.mark.parametrize(
        "damage",
        [
            lambda directory: overwrite(only(directory, "*.log"), 0.3, b"damaged!" * 20),
            lambda directory: overwrite(only(directory, "MANIFEST-*"), 0.6, b"damaged!"),
            lambda directory: (directory / "CURRENT").unlink(),
            lambda directory: only(directory, "MANIFEST-*").unlink(),
            lambda directory: only(directory, "*.sst").unlink(),
            lambda directory: os.truncate(only(directory, "*.sst"), 1000),
            lambda directory: only(directory, "*.log").unlink(),
        ],
        ids=["log", "manifest", "no CURRENT", "no manifest", "no table", "short table", "no log"],
    )
    async def test_damage_is_refused_and_repaired_on_request(
        self,
        tmp_path: Path,
        damage: Callable[[Path], None],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The message names the directory and the remedy; opening changes no byte; the remedy keeps a copy."""
        directory = tmp_path / "log"
        await written(directory)
        damage(directory)
        before = {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix in (".sst", ".log")}
        for _ in range(2):
            with pytest.raises(LogCorrupt, match=rf"{directory} is damaged: [\s\S]*embedded\.repair {directory}`"):
                EmbeddedLog.open(directory)
        assert {path.name: path.read_bytes() for path in directory.iterdir() if path.name in before} == before

        assert repair([str(directory)]) == 0
        copy = tmp_path / "log.before-repair-1"
        assert str(copy) in capsys.readouterr().out
        assert {path.name: path.read_bytes() for path in copy.iterdir() if path.name in before} == before
        log = EmbeddedLog.open(directory)
        given = 40 * RECORDS if any(name.endswith(".log") for name in before) else 21 * RECORDS
        assert log.end_offset("t", 0) == given, "offsets that were given must not be given again, as far as it shows"
        left = [record.offset for record in log.read("t", 0, 0, 10**6, 10**9)]
        assert len(left) == log.stats().partitions["t", 0].records >= 15 * RECORDS
        assert await log.append("t", 0, b"k", b"v") == given
        await log.close()

    async def test_a_start_that_was_killed_while_it_made_the_database(self, tmp_path: Path) -> None:
        """There is no write-ahead log yet, and nothing is lost: it opens."""
        directory = tmp_path / "log"
        await written(directory, flush=False)
        for path in directory.iterdir():
            path.unlink()
        (directory / "MANIFEST-000001").write_bytes(FIRST_MANIFEST)
        (directory / "CURRENT").write_text("MANIFEST-000001\n")
        await EmbeddedLog.open(directory).close()

    async def test_what_lost_its_newest_records_keeps_its_numbers(self, tmp_path: Path) -> None:
        """Who waits for a lost record waits for the next, and does not spin; a repair does not give numbers again."""
        directory = tmp_path / "log"
        await written(directory)
        log = EmbeddedLog.open(directory)
        prefix = log._partition("t", 0).prefix
        log._database.delete_range(prefix + OFFSET.pack(100), prefix + b"\xff")
        await log.close()
        assert repair([str(directory)]) == 0
        log = EmbeddedLog.open(directory)
        assert log.end_offset("t", 0) == 40 * RECORDS
        assert len(log.read("t", 0, 0, 1000)) == log.stats().partitions["t", 0].records == 100
        assert not await log.wait_for_records({("t", 0): 100}, 0)
        await log.append("t", 0, b"k", b"v")
        assert await log.wait_for_records({("t", 0): 100}, 0)
        assert [record.offset for record in log.read("t", 0, 100, 10)] == [40 * RECORDS]
        await log.close()

    def test_repair_says_how_it_is_used(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Without a directory, or with one that is not there."""
        assert repair([]) == repair([str(tmp_path / "none")]) == 2
        assert "DIRECTORY" in capsys.readouterr().err

    async def test_repair_leaves_a_log_in_use_alone(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Not even a copy is made."""
        log = EmbeddedLog.open(tmp_path / "log")
        assert repair([str(tmp_path / "log")]) == 1
        assert "in use" in capsys.readouterr().err
        assert os.listdir(tmp_path) == ["log"]
        await log.close()


class TestFailingDisk:
    def test_a_full_disk_refuses_whole_batches_and_recovers(self, tmp_path: Path) -> None:
        """Writing goes on by itself once there is room; a kill -9 afterwards finds exactly what was acknowledged."""
        private = ["unshare", "--user", "--map-root-user", "--mount"]
        if shutil.which("unshare") is None or subprocess.run([*private, "true"], capture_output=True).returncode:
            pytest.skip("mounting a small disk needs user namespaces")
        disk = tmp_path / "disk"
        disk.mkdir()
        script = f'mount -t tmpfs -o size=40m tmpfs "{disk}" && exec "$@"'
        child = [sys.executable, "-m", __name__, str(disk), str(tmp_path / "copy")]
        output = subprocess.run(
            [*private, "sh", "-c", script, "sh", *child], cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60
        ).stdout
        outcome = json.loads(output)
        assert "no space left on the disk. Free 32 MiB" in outcome["refusal"]
        assert asyncio.run(numbers(tmp_path / "copy")) == outcome["acknowledged"]

    def test_a_disk_that_refuses_makes_the_log_read_only(self, tmp_path: Path) -> None:
        """Here by a limit on the size of files. Nothing goes on until it is opened again, then all does."""
        child = [sys.executable, "-m", __name__, str(tmp_path)]
        outcome = json.loads(subprocess.run(child, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
        assert "File too large" in outcome["refusal"]
        assert outcome["later"] == outcome["refusal"]
        assert outcome["acknowledged"] == outcome["left"]


async def until_refused(log: EmbeddedLog, acknowledged: list[int]) -> str:
    """Write until the disk refuses; says how."""
    for number in range(10_000):
        try:
            await log.commit(transaction_of(number))
        except LogWriteError as refused:
            if refused.may_exist or log.end_offset("t", 0) != RECORDS * len(acknowledged):
                raise
            return str(refused)
        acknowledged.append(number)
    raise AssertionError("the disk is never full")


async def fill_the_disk(disk: Path, copy: Path) -> dict[str, object]:
    """Write until it is full, make room, write again, and copy what kill -9 would leave."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(34 * 1024 * 1024))
    log = EmbeddedLog.open(disk / "log")
    log.create_topic("t", TopicConfig(1))
    acknowledged: list[int] = []
    refusal = await until_refused(log, acknowledged)
    ballast.unlink()
    for number in range(10_000, 1_000_000):
        try:
            await log.commit(transaction_of(number))
        except LogWriteError:
            await asyncio.sleep(0.01)  # RocksDB looks for room every 5 seconds; the caller's timeout is the bound
            continue
        acknowledged.append(number)
        if len(acknowledged) % 50 == 0:
            break
    shutil.copytree(log.directory, copy)
    return {"refusal": refusal, "acknowledged": acknowledged}


async def meet_a_limit(directory: Path) -> dict[str, object]:
    """Write until files may not grow, lift the limit, and see what goes on and when."""
    log = EmbeddedLog.open(directory)
    log.create_topic("t", TopicConfig(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    acknowledged: list[int] = []
    refusal = await until_refused(log, acknowledged)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    try:
        later = str(await log.commit(transaction_of(0)))
    except LogWriteError as refused:
        later = str(refused)
    assert len(log.read("t", 0, 0, 10**6, 10**9)) == RECORDS * len(acknowledged)
    await log.close()
    return {"refusal": refusal, "later": later, "acknowledged": acknowledged, "left": await numbers(directory)}


if __name__ == "__main__":
    scenario = fill_the_disk(*map(Path, sys.argv[1:])) if len(sys.argv) == 3 else meet_a_limit(Path(sys.argv[1]))
    sys.stdout.write(json.dumps(asyncio.run(scenario)))
    sys.stdout.flush()
    os._exit(0)  # as if killed: nothing is closed
