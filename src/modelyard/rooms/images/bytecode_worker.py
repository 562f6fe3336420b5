"""Runs in a base image's own interpreter, standard library only: compiles sources given on standard input.

A request is a frame of two 4-byte lengths, the path that the code will have inside the image, and the source. The
answer is one frame of a 4-byte length and a ``.pyc`` file with an unchecked hash (PEP 552); length 0 where the source
does not compile. Nothing is executed: sources are compiled only.
"""

import importlib.util
import marshal
import resource
import struct
import sys
import warnings

UNCHECKED_HASH = 0b01
MEMORY_BYTES = 4 * 1024**3


def main() -> None:
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = sys.stdout.buffer
    while head := sys.stdin.buffer.read(8):
        path_length, source_length = struct.unpack("!II", head)
        path = sys.stdin.buffer.read(path_length).decode()
        pyc = compile_source(path, sys.stdin.buffer.read(source_length))
        answer.write(struct.pack("!I", len(pyc)) + pyc)


def compile_source(path: str, source: bytes) -> bytes:
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
        body = marshal.dumps(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return b""
    head = importlib.util.MAGIC_NUMBER + struct.pack("<I", UNCHECKED_HASH)
    return head + importlib.util.source_hash(source) + body


if __name__ == "__main__":
    main()
