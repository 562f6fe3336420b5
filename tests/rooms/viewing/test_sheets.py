"""What the memory of sheets keeps and lets go of."""

from modelyard.kit.ids import new_id
from modelyard.rooms.viewing.sheets import SheetMemory


def test_the_sheets_of_one_holder_are_forgotten() -> None:
    memory, mine, others = SheetMemory(keep_bytes=10), new_id(), new_id()
    memory.keep(mine, "a", b"12345")
    memory.keep(others, "a", b"67890")
    memory.forget(mine)
    assert memory.find(mine, "a") is None
    assert memory.find(others, "a") == b"67890"
    memory.keep(others, "b", b"abcde")
    assert memory.find(others, "a") == b"67890", "what was forgotten takes no room"
