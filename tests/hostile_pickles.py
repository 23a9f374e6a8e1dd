"""Pickles that try to do what a table never does, and a script that lets ``unpickle.py`` answer for many of them.

Run as ``python -I hostile_pickles.py UNPICKLE FOLDER WALLS`` it reads pickles from its standard input, forks for each
of them and writes every answer with the exit code. WALLS says what stands between a pickle and the machine: ``both`` as
in the program, only the ``second``, or ``none``, which shows that the pickles are not harmless.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

STOPPED = 77
_SIZE = struct.Struct("<q")
_END = b"\n--\n"  # which no answer contains


class Attack(NamedTuple):
    """A pickle, and whether it leaves a mark where nothing holds it back."""

    content: bytes
    leaves_mark: bool = False


class Raw(bytes):
    """Opcodes that leave one object on the stack."""


# An assembler


def value(item: Any) -> Raw:
    """The opcodes of plain data; ``Raw`` stands for itself."""
    match item:
        case Raw():
            return item
        case None:
            return Raw(b"N")
        case bool():
            return Raw(b"\x88" if item else b"\x89")
        case int():
            return Raw(b"J" + struct.pack("<i", item))
        case str():
            return Raw(b"X" + struct.pack("<I", len(item.encode())) + item.encode())
        case bytes():
            return Raw(b"B" + struct.pack("<I", len(item)) + item)
        case tuple():
            return Raw(b"(" + b"".join(map(value, item)) + b"t")
        case list():
            return Raw(b"](" + b"".join(map(value, item)) + b"e")
        case dict():
            return Raw(b"}(" + b"".join(value(k) + value(v) for k, v in item.items()) + b"u")
    raise TypeError(item)


def name(module: str, attribute: str) -> Raw:
    """A global, spelt as protocol 2 does."""
    return Raw(b"c" + f"{module}\n{attribute}\n".encode())


def stack_name(module: str, attribute: str) -> Raw:
    """A global, spelt as protocol 4 does."""
    return Raw(value(module) + value(attribute) + b"\x93")


def call(function: Raw, *arguments: Any) -> Raw:
    """A function and what it is called with."""
    return Raw(function + value(arguments) + b"R")


def filled(target: Raw, state: Any) -> Raw:
    """An object with a state put into it."""
    return Raw(target + value(state) + b"b")


def table(cell: Any) -> Raw:
    """A table with one cell."""
    return call(name("pandas", "DataFrame"), {"a": [cell]})


def pickled(raw: bytes, protocol: int = 4) -> bytes:
    """A whole pickle."""
    return b"\x80" + bytes([protocol]) + raw + b"."


# The corpus


def corpus(folder: Path, port: int) -> dict[str, Attack]:
    """Every pickle under its name; those that leave marks create a file in ``folder`` or connect to ``port``."""
    attacks: dict[str, Attack] = {}
    for number, (target, raw) in enumerate(_running(folder, port)):
        inner = raw if number % 2 else table(raw)  # alone, and as a cell of a real table
        attacks[f"runs {target}"] = Attack(pickled(inner, 4 if "." in target else 2 + number % 4), leaves_mark=True)
    attacks |= {f"names {label}": Attack(pickled(raw)) for label, raw in _named(folder)}
    attacks |= {f"spells {label}": Attack(content) for label, content in _spelt(folder)}
    attacks |= {f"forges {label}": Attack(pickled(raw)) for label, raw in _forged()}
    attacks |= {f"explodes {label}": Attack(pickled(raw)) for label, raw in _exploding()}
    attacks |= {f"breaks {label}": Attack(content) for label, content in _broken()}
    return attacks


def _running(folder: Path, port: int) -> Iterator[tuple[str, Raw]]:
    numbers = iter(range(1000))

    def mark() -> str:
        return str(folder / f"mark{next(numbers)}")

    def touch() -> str:
        return f"touch {mark()}"

    def code() -> str:
        return f"open({mark()!r}, 'w').close()"

    array, frame = call(name("numpy", "array"), [1, 2]), call(name("pandas", "DataFrame"), {"a": [1]})
    here, url = ("127.0.0.1", port), f"http://127.0.0.1:{port}/"
    inner = pickled(call(name("os", "system"), touch()))
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("os system", (touch(),)),
        ("posix system", (touch(),)),
        ("os popen", (touch(),)),
        ("os mkdir", (mark(),)),
        ("posix mkdir", (mark(),)),
        ("os makedirs", (mark(),)),
        ("os mkfifo", (mark(),)),
        ("os symlink", ("/", mark())),
        ("os open", (mark(), os.O_CREAT | os.O_WRONLY)),
        ("os execvp", ("touch", ["touch", mark()])),
        ("os execlp", ("touch", "touch", mark())),
        ("os spawnlp", (os.P_WAIT, "touch", "touch", mark())),
        ("os spawnvp", (os.P_NOWAIT, "touch", ["touch", mark()])),
        ("os posix_spawnp", ("touch", ["touch", mark()], {})),
        ("subprocess Popen", (["touch", mark()],)),
        ("subprocess run", (["touch", mark()],)),
        ("subprocess call", (["touch", mark()],)),
        ("subprocess check_call", (["touch", mark()],)),
        ("subprocess check_output", (["touch", mark()],)),
        ("subprocess getoutput", (touch(),)),
        ("subprocess getstatusoutput", (touch(),)),
        ("builtins eval", (code(),)),
        ("builtins exec", (code(),)),
        ("builtins open", (mark(), "w")),
        ("io open", (mark(), "w")),
        ("_io open", (mark(), "w")),
        ("_io FileIO", (mark(), "w")),
        ("pathlib Path.touch", (call(name("pathlib", "Path"), mark()),)),
        ("pathlib Path.mkdir", (call(name("pathlib", "Path"), mark()),)),
        ("tempfile mkstemp", ("", "mark", str(folder))),
        ("tempfile mkdtemp", ("", "mark", str(folder))),
        ("shutil copy", (__file__, mark())),
        ("shutil copyfile", (__file__, mark())),
        ("zipfile ZipFile", (mark(), "w")),
        ("tarfile open", (mark(), "w")),
        ("gzip open", (mark(), "w")),
        ("bz2 open", (mark(), "w")),
        ("lzma open", (mark(), "w")),
        ("sqlite3 connect", (mark(),)),
        ("dbm.dumb open", (mark(), "n")),
        ("logging FileHandler", (mark(),)),
        ("socket create_connection", (here,)),
        ("urllib.request urlopen", (url,)),
        ("smtplib SMTP", here),
        ("timeit timeit", (code(), "pass", name("time", "perf_counter"), 1)),
        ("cProfile run", (code(),)),
        ("bdb Bdb.run", (call(name("bdb", "Bdb")), code())),
        ("code InteractiveInterpreter.runsource", (call(name("code", "InteractiveInterpreter")), code())),
        ("pickle loads", (inner,)),
        ("_pickle loads", (inner,)),
        ("numpy save", (mark() + ".npy", array)),
        ("numpy savetxt", (mark(), array)),
        ("numpy savez", (mark(), array)),
        ("numpy memmap", (mark(), "uint8", "w+", 0, (1,))),
        ("numpy ndarray.tofile", (array, mark())),
        ("numpy ndarray.dump", (array, mark())),
        ("pandas to_pickle", (1, mark())),
        ("pandas DataFrame.to_pickle", (frame, mark())),
        ("pandas DataFrame.to_csv", (frame, mark())),
        ("pandas DataFrame.to_json", (frame, mark())),
        ("pandas DataFrame.to_html", (frame, mark())),
        ("pandas DataFrame.to_parquet", (frame, mark())),
        ("pandas DataFrame.map", (table(mark()), name("os", "mkdir"))),
        ("pandas Series.map", (call(name("pandas", "Series"), [mark()]), name("os", "mkdir"))),
        ("pandas io.common.os.system", (touch(),)),
        ("pandas io.common.os.mkdir", (mark(),)),
        ("pandas.io.common get_handle", (mark(), "w")),
        ("pandas.io.common urlopen", (url,)),
        ("pandas read_csv", (url,)),
        ("pandas read_pickle", (url,)),
        ("pyarrow OSFile", (mark(), "w")),
        ("pyarrow.lib OSFile", (mark(), "w")),
        ("pyarrow create_memory_map", (mark(), 8)),
    ]
    for target, arguments in calls:
        spelling = stack_name if len(target) % 2 else name
        yield target, call(spelling(*target.split(" ", 1)), *arguments)
    module = call(name("importlib", "import_module"), "os")
    partial = name("functools", "partial")
    yield "functools partial", call(call(partial, name("os", "system"), touch()))
    yield "partial of partial", call(call(partial, call(partial, call(partial, name("os", "system"), touch()))))
    empty = call(partial, name("builtins", "len"))
    yield "partial filled in", call(filled(empty, (name("os", "system"), (touch(),), {}, None)))
    yield "operator methodcaller", call(call(name("operator", "methodcaller"), "system", touch()), module)
    yield "operator attrgetter", call(call(call(name("operator", "attrgetter"), "system"), module), touch())
    yield "builtins getattr", call(call(name("builtins", "getattr"), module, "system"), touch())
    yield "list of map", call(name("builtins", "list"), call(name("builtins", "map"), name("os", "mkdir"), [mark()]))


def _named(folder: Path) -> Iterator[tuple[str, Raw]]:
    names = """
        nt system|os kill|os abort|os _exit|os fork|os remove|os rename|os environ|os.path exists|posixpath exists
        sys exit|sys modules|sys settrace|sys addaudithook|sys stdout.write|sys _getframe|builtins compile
        builtins __import__|builtins type|builtins setattr|builtins vars|builtins globals|builtins input
        builtins breakpoint|builtins exit|builtins memoryview|builtins object|builtins BaseException|__builtin__ eval
        __builtin__ execfile|__builtin__ file|__builtin__ apply|exceptions SystemExit|shutil rmtree|atexit register
        weakref finalize|ctypes CDLL|ctypes cdll.LoadLibrary|ctypes string_at|ctypes memset|signal alarm
        signal raise_signal|threading Timer|_thread start_new_thread|asyncio run|multiprocessing Process
        copyreg add_extension|copyreg _reconstructor|copyreg __newobj__|copy_reg _reconstructor|types FunctionType
        types CodeType|types ModuleType|marshal loads|runpy run_path|webbrowser open|importlib reload|imp load_source
        pkgutil resolve_name|inspect getsource|gc get_objects|resource setrlimit|faulthandler _sigsegv|pdb run
        pandas DataFrame.query|pandas DataFrame.eval|pandas DataFrame.pipe|pandas DataFrame.apply|pandas eval
        pandas HDFStore|pandas ExcelWriter|pandas.io.pickle read_pickle|pandas.compat.pickle_compat loads
        pandas.compat pickle_compat.Unpickler|pandas DataFrame.__init__|pandas DataFrame.__class__|pandas core.frame.sys
        pandas.core.computation.eval eval|numpy load|numpy fromfile|numpy ctypeslib.load_library|numpy core.sys
        numpy.testing assert_|numpy frompyfunc|numpy vectorize|numpy.core.multiarray fromfile|numpy.core.multiarray
        numpy._core.records fromfile|pyarrow.lib memory_map|pyarrow.lib foreign_buffer|pyarrow.fs LocalFileSystem
        __main__ NAMES|__main__ main|__main__ second_wall|__main__ _zones|unpickle NAMES|pandas dataframe
        Pandas DataFrame|pandas DataFrame.|pandas .DataFrame|pandas \uff24ataFrame|pandas DataFrame\x00|\x00 \x00
        zoneinfo ZoneInfo.from_file|zoneinfo reset_tzpath|pytz timezone|pytz open_resource|dateutil.tz gettz
        dateutil.zoneinfo rebuild|zoneinfo ZoneInfo._unpickle|functools reduce|functools cached_property
        collections namedtuple|collections defaultdict|dataclasses make_dataclass|string Formatter
    """
    for number, entry in enumerate("|".join(names.split("\n")[1:-1]).split("|")):
        module, _, attribute = entry.strip().partition(" ")
        raw = (stack_name if number % 2 else name)(module, attribute)
        yield f"{module} {attribute}", table(raw) if number % 3 else call(raw, str(folder / "victim"))


def _spelt(folder: Path) -> Iterator[tuple[str, bytes]]:
    system, argument = name("os", "system"), value(f"touch {folder / 'spelt'}")
    whole = call(system, argument)
    for protocol in range(6):
        yield f"protocol {protocol}", pickled(whole, protocol)
    yield "protocol 0 without a head", b"cos\nsystem\n(Vtouch x\ntR."
    yield "protocol 6", pickled(whole, 6)
    yield "protocol 255", pickled(whole, 255)
    yield "the head twice", b"\x80\x04\x80\x04" + table(1) + b"."
    yield "the head late", b"N0\x80\x04" + table(1) + b"."
    yield "INST", pickled(b"(" + argument + b"ios\nsystem\n")
    yield "OBJ", pickled(b"(" + system + argument + b"o")
    yield "NEWOBJ", pickled(name("subprocess", "Popen") + value(("touch", 1)) + b"\x81")
    yield "NEWOBJ_EX", pickled(name("subprocess", "Popen") + value(()) + value({"args": "touch"}) + b"\x92")
    yield "NEWOBJ_EX of a table", pickled(name("pandas", "DataFrame") + value(()) + value({}) + b"\x92")
    yield "a name from the memo", pickled(b"X\2\0\0\0os\x940X\6\0\0\0system\x940h\0h\1\x93" + value((argument,)) + b"R")
    yield "a name that is not in the memo", pickled(b"j\0\0\0\0j\1\0\0\0\x93")
    yield "a name in a dict", pickled(call(name("pandas", "DataFrame"), {"a": [{"b": system}]}))
    yield "a name that is dropped", pickled(system + b"0" + table(1))
    yield "a call that is dropped", pickled(whole + b"0" + table(1))
    yield "a call inside of a call", pickled(call(name("pandas", "DataFrame"), call(name("pandas", "Series"), [whole])))
    yield "a name in a set", pickled(b"\x8f(" + system + b"\x90")
    yield "a name in a frozenset", pickled(b"(" + system + b"\x91")
    yield "a copy on the stack", pickled(system + b"2" + table(1))
    yield "a name in a frame", pickled(b"\x95" + _SIZE.pack(len(whole) + 1) + whole)
    yield "a state that is called", pickled(filled(call(name("pandas", "DataFrame"), {}), {"_mgr": whole}))
    yield "a second pickle behind the first", pickled(table(1)) + pickled(whole)
    yield "bytes behind the end", pickled(table(1)) + b"\n"
    for code, size in ((b"\x82", 1), (b"\x83", 2), (b"\x84", 4)):
        yield f"an extension of {size} bytes", pickled(code + b"\1" + bytes(size - 1))
    yield "a persistent id", pickled(b"Ptouch\n")
    yield "a persistent id from the stack", pickled(argument + b"Q")
    yield "a buffer from elsewhere", pickled(b"\x97", 5)
    yield "a buffer made read-only", pickled(value(b"x") + b"\x98", 5)
    yield "a number as text", pickled(b"I1\n")
    yield "a text with escapes", pickled(b"V\\u0041\n")
    yield "a string of Python 2", pickled(b"U\1a")


def _forged() -> Iterator[tuple[str, Raw]]:
    frame, dtype = name("pandas", "DataFrame"), name("numpy", "dtype")
    rebuilt = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (0,), b"b")
    no, yes = Raw(b"\x89"), Raw(b"\x88")
    plain = (3, "<", None, None, None, -1, -1, 0)
    for label, changed in (
        ("flags of a dtype", (*plain[:7], 63)),
        ("the size of a dtype", (3, "<", None, None, None, 1, 1, 0)),
        ("fields of a dtype", (3, "|", None, ("a",), {"a": (call(dtype, "O"), 0)}, 8, 1, 0)),
        ("a dtype within a dtype", (3, "|", (call(dtype, "O"), (1,)), None, None, -1, -1, 0)),
        ("a short state of a dtype", (3,)),
    ):
        yield label, table(filled(call(dtype, "f8", no, yes), changed))
    pointers = (1, (1,), call(dtype, "O8", no, yes), False, b"AAAAAAAA")
    yield "pointers in an array", table(filled(rebuilt, pointers))
    yield "more elements than there are bytes", table(filled(rebuilt, (1, (9,), call(dtype, "f8"), False, b"12345678")))
    yield (
        "pointers in a buffer",
        table(call(name("numpy.core.numeric", "_frombuffer"), b"AAAAAAAA", call(dtype, "O"), (1,), "C")),
    )
    yield "a scalar of pointers", table(call(name("numpy.core.multiarray", "scalar"), call(dtype, "V8"), b"A"))
    for label, target in (
        ("a class", frame),
        ("a class of numpy", name("numpy", "ndarray")),
        ("a function", name("numpy.core.multiarray", "_reconstruct")),
        ("a stand-in", name("_codecs", "encode")),
        ("a missing value", name("pandas", "NA")),
        ("a date", name("datetime", "datetime")),
        ("a list", Raw(b"]")),
        ("nothing", Raw(b"N")),
    ):
        yield f"attributes of {label}", filled(target, (None, {"__init__": name("pandas", "Series"), "x": 1}))
        yield f"a state of {label}", filled(target, {"__reduce__": 1})
    for attribute in ("_weak_cache", "from_file", "__init__", "__class__", "__globals__"):
        yield f"getattr {attribute}", call(name("builtins", "getattr"), name("zoneinfo", "ZoneInfo"), attribute)
    yield "getattr of a table", call(name("builtins", "getattr"), frame, "to_pickle")
    for key in ("../../../etc/passwd", "/etc/passwd", "", "\x00"):
        yield f"a time zone {key!r}", table(call(name("zoneinfo", "ZoneInfo"), key))
        yield f"a time zone of pytz {key!r}", table(call(name("pytz", "_p"), key))
    yield "a file of time zones", table(call(name("dateutil.tz.tz", "tzfile"), "/etc/passwd"))
    yield "an offset without insides", table(Raw(name("dateutil.tz.tz", "tzoffset") + b")\x81"))
    aliased = call(name("pyarrow.lib", "type_for_alias"), "string")
    offsets, data = (call(name("pyarrow.lib", "py_buffer"), raw) for raw in (b"\0\0\0\0\xff\xff\xff\x7f\1\0\0\0", b"x"))
    texts: tuple[Any, ...] = (aliased, 2, 0, 0, [None, offsets, data], [], None)
    yield "lengths of texts", table(call(name("pyarrow.lib", "_restore_array"), texts))
    for label, other in (("a dict", {"a": 1}), ("a list", [table(1)]), ("a number", 1), ("nothing", None)):
        yield f"{label} for a table", value(other)
    yield "a class for a table", frame
    yield "a column for a table", call(name("pandas", "Series"), [1])
    yield "an empty object for a table", Raw(frame + b")\x81")
    yield "a table without insides", filled(Raw(frame + b")\x81"), {"_mgr": None, "_typ": "dataframe"})
    manager = Raw(name("pandas.core.internals.managers", "BlockManager") + value(((), [])) + b"\x81")
    yield "a table without axes", filled(Raw(frame + b")\x81"), {"_mgr": manager, "_typ": "dataframe"})
    block = call(
        name("pandas._libs.internals", "_unpickle_block"), rebuilt, call(name("builtins", "slice"), 0, 9, 1), 2
    )
    index = call(name("pandas", "RangeIndex"), 9)
    manager = Raw(name("pandas.core.internals.managers", "BlockManager") + value(((block,), [index, index])) + b"\x81")
    yield "a block that is not there", filled(Raw(frame + b")\x81"), {"_mgr": manager, "_typ": "dataframe"})


def _exploding() -> Iterator[tuple[str, Raw]]:
    yield "ten to the twelfth in lists", table(Raw(b"](K\1K\1e" + b"".join(_doubled(b"]", b"e") for _ in range(40))))
    yield "two to the fortieth in tuples", table(Raw(b"(K\1K\1t" + b"".join(_doubled(b"", b"t") for _ in range(40))))
    yield "a list in itself", table(Raw(b"]\x94h\0a"))
    yield "a dict in itself", table(Raw(b"}\x94K\1h\0s"))
    yield "lists 50,000 deep", table(Raw(b"]" * 50_000 + b"a" * 49_999))
    yield "tuples 50,000 deep", table(Raw(b")" + b"\x85" * 50_000))
    yield "a number of a million bytes", table(Raw(b"\x8b" + struct.pack("<i", 1_000_000) + b"\7" * 1_000_000))
    huge = Raw(b"\x8a\x06" + (10**12).to_bytes(6, "little"))
    yield "an array of a terabyte", table(call(name("numpy", "ndarray"), value((huge,)), "f8"))
    yield "bytes of a terabyte", table(call(name("builtins", "bytearray"), huge))
    index = call(name("pandas", "RangeIndex"), huge)
    yield "a column of a terabyte", call(name("pandas", "DataFrame"), {"a": call(name("pandas", "Series"), 1, index)})
    named = call(name("pandas", "RangeIndex"), 0, huge, 1, None, Raw(b"\x89"), "session")
    yield "an index of a terabyte", call(name("pandas", "DataFrame"), None, named)


def _doubled(start: bytes, end: bytes) -> bytes:
    """What is on the stack, twice in a container of its own."""
    return b"q\xff0" + start + b"(h\xffh\xff" + end


def _broken() -> Iterator[tuple[str, bytes]]:
    good = pickled(table("x"))
    for size in range(1, len(good), 2):
        yield f"off after {size} bytes", good[:size]
    huge = struct.pack("<Q", 2**62)
    for label, raw in (
        ("bytes that do not come", b"\x8e" + huge),
        ("bytes of which few come", b"B\xff\xff\xff\x7fab"),
        ("a text that does not come", b"\x8d" + huge),
        ("a byte array that does not come", b"\x96" + huge),
        ("a frame that does not come", b"\x95" + huge),
        ("a negative length", b"\x8b\xff\xff\xff\xff"),
        ("a text that is not UTF-8", b"X\2\0\0\0\xff\xfe"),
        ("a call of nothing", b"R"),
        ("a call with a number", value("x") + value(1) + b"R"),
        ("a call of a text", value("x") + value(()) + b"R"),
        ("a state of nothing", b"b"),
        ("an element of nothing", b"a"),
        ("an element of a text", value("x") + value(1) + b"a"),
        ("a tuple without a mark", b"t"),
        ("a dropped nothing", b"0"),
        ("a memo without entries", b"h\7"),
        ("a memo of nothing", b"\x94"),
        ("an unknown instruction", b"\xff"),
        ("a name without an end", b"cpandas\nDataFrame"),
        ("a name out of numbers", b"K\1K\1\x93"),
        ("an odd dict", b"}(K\1u"),
        ("an object of a number", b"K\1)\x81"),
        ("an end of nothing", b""),
    ):
        yield label, pickled(raw)
    yield "with JSON", b'{"subject_id": 1}'
    yield "with HTML", b"<html><body>404 Not Found</body></html>"
    yield "with CSV", b"subject_id,session\n1,2\n"
    yield "with parquet", b"PAR1\x15\x04PAR1"
    yield "with zeros", bytes(1000)
    yield "with a line break", b"\n"


# The script


def answers(
    contents: list[bytes], unpickle: str, folder: str, walls: str = "both", together: int = 1
) -> list[tuple[bytes, int]]:
    """What ``unpickle.py`` answers to every pickle, with the exit code of its process (negative: the signal).

    One process answers for ``together`` pickles, or for fewer if it ends before.
    """
    framed = b"".join(_SIZE.pack(len(content)) + content for content in contents)
    done = subprocess.run(
        [sys.executable, "-I", "-B", __file__, unpickle, folder, walls, str(together)],
        input=framed,
        stdout=subprocess.PIPE,
        check=True,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": os.environ["PATH"]},
        timeout=300,
    )
    found, rest = [], done.stdout
    while rest:
        size, code = _SIZE.unpack_from(rest)[0], _SIZE.unpack_from(rest, _SIZE.size)[0]
        start = 2 * _SIZE.size
        found.append((rest[start : start + size], code))
        rest = rest[start + size :]
    return found


def main() -> None:
    """Answer for every pickle on standard input in a process of its own."""
    script, folder, walls, together = *sys.argv[1:4], int(sys.argv[4])
    sys.path.append(folder)
    spec = importlib.util.spec_from_file_location("unpickle", script)
    assert spec is not None
    assert spec.loader is not None
    unpickle: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(unpickle)
    unpickle.SECONDS, unpickle.MEMORY = 20, 2 * 2**30
    unpickle.Nested.__init__.__defaults__ = (1_000_000,)
    unpickle.answer(pickle.dumps(unpickle._every_kind()))
    if walls != "both":
        unpickle.check_opcodes = lambda content: None
        unpickle.Unpickler = pickle._Unpickler
        unpickle._HARMLESS |= {"pickle.find_class"}  # the wall is to hold what comes of it
    contents = []
    while size := sys.stdin.buffer.read(_SIZE.size):
        contents.append(sys.stdin.buffer.read(_SIZE.unpack(size)[0]))
    gc.freeze()  # what was loaded is not walked through, and so not copied, in every process
    while contents:
        found, code = _forked(unpickle, contents[:together], walls)
        for answer in found:
            sys.stdout.buffer.write(_SIZE.pack(len(answer)) + _SIZE.pack(code if answer is found[-1] else 0) + answer)
        sys.stdout.buffer.flush()
        contents = contents[len(found) :]


def _forked(unpickle: Any, contents: list[bytes], walls: str) -> tuple[list[bytes], int]:
    """The answers of one process, which ends after the last of them or while it is at it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os.dup2(writing, 1)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 2)
        if walls == "both":
            unpickle.limit()
        if walls != "none":
            sys.addaudithook(unpickle.second_wall)
        for content in contents:
            _write(unpickle.answer(content) + _END)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        *complete, last = pipe.read().split(_END)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (complete if len(complete) == len(contents) else [*complete, last]), code


def _write(answer: bytes) -> None:
    while answer:
        answer = answer[os.write(1, answer) :]


if __name__ == "__main__":
    main()
