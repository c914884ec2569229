"""gzip is unpacked up to its fault, and in time linear in it."""

import gzip
import random
import time

import pytest

from pipelines.archive.content import inflate
from pipelines.archive.recording import UnreadableError


@pytest.mark.parametrize("size", [0, 1, 5_000, 2**20, 2_500_000])
def test_gzip_is_unpacked_up_to_its_fault(size: int) -> None:
    data = random.Random(size).randbytes(size // 2) + bytes(size - size // 2)
    packed = gzip.compress(data, mtime=0)
    assert inflate(packed) == inflate(packed + b"\0\0")
    assert (inflate(packed).data, inflate(packed).fault) == (data, None)
    assert inflate(packed + packed).data == data + data
    for end in (len(packed) - 1, len(packed) // 2):
        cut = inflate(packed[:end])
        assert cut.fault == "its gzip is cut off"
        assert data.startswith(cut.data)
        assert len(cut.data) >= min(end, size // 2) * 0.9 - 40
    damaged = inflate(packed[:-8] + b"\1\2\3\4" + packed[-4:])
    assert damaged.data == data, "all that comes before the checksum"
    assert damaged.fault
    assert damaged.fault.startswith("its gzip is damaged (")


def test_a_gzip_of_very_many_empty_ones_is_read_in_time_linear_in_it() -> None:
    # 300,000 × 6 MB would have to be copied by whoever takes the rest off anew for each.
    begun = time.process_time()
    assert inflate(gzip.compress(b"", mtime=0) * 300_000).data == b""
    assert time.process_time() - begun < 20


def test_what_grows_beyond_reason_is_refused_long_before_it_is_large() -> None:
    # Zeros shrink to a thousandth, recordings to a tenth.
    with pytest.raises(UnreadableError, match="grows to more than 200 times its size"):
        inflate(gzip.compress(bytes(2**25), 9))
    assert len(inflate(gzip.compress(bytes(2**23), 9)).data) == 2**23
