"""The channel's framing, and how deep a worker's own queue may be."""

import os
import re

from hypothesis import given
from hypothesis import strategies as st

from box.running import PACKAGE, box_site
from modelyard_box import frames
from modelyard_box.channel import depth_for
from modelyard_box.identity import new_prediction_id


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2**32 - 1), st.binary(max_size=50))), st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(sent, data):
    wire = b"".join(frames.pack_header(kind, job, len(payload)) + payload for kind, job, payload in sent)
    reader = frames.FrameReader()
    received = []
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        received += reader.feed(wire[:size])
        wire = wire[size:]
    assert received == sent


def test_a_worker_holds_at_most_two_milliseconds_of_work_beyond_its_first_call():
    assert [depth_for(None), depth_for(1.0), depth_for(0.0015), depth_for(0.0005), depth_for(0.0)] == [1, 1, 1, 4, 1]
    assert depth_for(1e-9) == 64


def test_prediction_ids_are_uuids_of_version_7_that_sort_by_time():
    ids = [new_prediction_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i) for i in ids)
    assert sorted(i[:13] for i in ids) == [i[:13] for i in ids]


def test_a_forked_process_makes_other_prediction_ids():
    new_prediction_id()
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.write(writer, new_prediction_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100).decode()[15:] != new_prediction_id()[15:]


def test_every_requirement_is_pinned_and_nothing_else_is_needed():
    lines = [line for line in (PACKAGE / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    names = {line.partition("==")[0].replace("-", "_") for line in lines if "==" in line}
    assert len(names) == len(lines)
    assert {path.name.partition("-")[0].lower() for path in box_site().glob("*.dist-info")} == names
