"""
Where all threads of this interpreter stand. Loaded by sampler.py.

The frames of another thread are only there while it stands still, and between any two steps of a Python function the
interpreter may switch threads. So they are looked at in one call into C, which gives the GIL up nowhere:

  f_back            from sys._current_frames up, and no frame is kept
  faulthandler      CPython 3.11, which makes a frame when it is asked for, now and then one of a call that is over: a
                    server with a dozen threads ended with SIGSEGV within seconds. The text for crash reports makes none
                    (100 frames and 100 threads at most); the code is found again by file, name and line.
"""
import gc
import itertools
import posix
import sys
import _operator

MAX_FRAMES = 250
UP = ('f_back',) * MAX_FRAMES

_frames = sys._current_frames
_first, _second = _operator.itemgetter(0), _operator.itemgetter(1)
_line_of, _code_of = _operator.attrgetter('f_lineno'), _operator.attrgetter('f_code')


def own_stack(frame):
    """(line, code of each frame, innermost first) of the thread that runs this: its callers stand still."""
    line, codes = frame.f_lineno, []
    while frame is not None and len(codes) < MAX_FRAMES:
        codes.append(frame.f_code)
        frame = frame.f_back
    return line, codes


class Walker(object):
    def now(self):
        """{ident: (line, code of each frame, innermost first)} of all threads."""
        repeat = itertools.repeat
        threads, lines, walks = itertools.tee(itertools.chain.from_iterable(map(dict.items, itertools.starmap(_frames, ((),)))), 3)
        # frame, frame.f_back, ... as far as there is one
        up = map(itertools.accumulate, map(itertools.chain, zip(map(_second, walks)), repeat(UP)), repeat(getattr))
        codes = map(tuple, map(map, repeat(_code_of), map(itertools.takewhile, repeat(bool), up)))
        found = zip(map(_first, threads), zip(map(_line_of, map(_second, lines)), codes))
        # A collection runs Python functions.
        collects = gc.isenabled()
        gc.disable()
        try:
            return dict(found)
        finally:
            if collects:
                gc.enable()

    def close(self):
        pass


class Unfound(object):
    """In place of a code object that nothing leads to any more."""
    def __init__(self, file, name, line):
        self.co_filename, self.co_name, self.co_firstlineno = file, name, line


class Dumps(object):
    def __init__(self):
        import faulthandler
        self.dump = faulthandler.dump_traceback
        self.fd = posix.memfd_create('whyslow', posix.MFD_CLOEXEC)
        self.read = {}
        self.lines = {}
        self.by_file = {}
        self.unfound = {}

    def now(self):
        """
        As Walker.now. What is read, once a thread:

          Thread 0x00007f55b2ffd6c0 (most recent call first):
            File "/app/views.py", line 31 in render
        """
        posix.ftruncate(self.fd, 0)
        posix.lseek(self.fd, 0, 0)
        self.dump(self.fd, True)
        text = posix.pread(self.fd, posix.lseek(self.fd, 0, 1), 0).decode('ascii', 'replace')
        found = {}
        for block in text.split('\n\n'):
            head, _, stack = block.partition('\n')
            if 'hread 0x' not in head:
                continue
            known = self.read.get(stack)
            if known is None:
                known = self.read[stack] = self.parse(stack)
            if known[1]:
                found[int(head[head.index('0x'):].split(' ', 1)[0], 16)] = known
        return found

    def parse(self, stack):
        entries = [self.lines.get(line) or self.entry(line) for line in stack.split('\n')]
        entries = [entry for entry in entries if entry]
        return (entries[0][0] if entries else 0), tuple([code for _, code in entries])

    def entry(self, text):
        if not text.startswith('  File "'):
            return None
        file, _, rest = text[8:].rpartition('", line ')
        line, _, name = rest.partition(' in ')
        if not line.isdigit():
            return None
        entry = self.lines[text] = (int(line), self.code(file, name, int(line)))
        return entry

    def code(self, file, name, line):
        codes = self.by_file.get(file)
        if codes is None:
            codes = self.by_file[file] = codes_of(file)
        fits = [code for code in codes if code.co_name == name and code.co_firstlineno <= line]
        if fits:
            return max(fits, key=lambda code: code.co_firstlineno)
        key = file, name
        if key not in self.unfound:
            self.unfound[key] = Unfound(file, name, 1 if name == '<module>' else line)
        return self.unfound[key]

    def close(self):
        if self.fd >= 0:
            posix.close(self.fd)
        self.fd = -1


_FUNCTION, _CODE = type(own_stack), type(own_stack.__code__)


def codes_of(file):
    """Code objects of the functions that modules of this file hold, and of those within."""
    found = {}
    for module in list(sys.modules.values()):
        if type(module) is type(sys) and module.__dict__.get('__file__') == file:
            gather(list(module.__dict__.values()), file, found, 3)
    return list(found.values())


def gather(values, file, found, depth):
    """By type() only: an attribute or isinstance() of a proxy runs the program's own code."""
    inside = []
    for value in values:
        kind = type(value)
        if kind in (staticmethod, classmethod):
            value = value.__func__
        elif kind is property:
            value = value.fget
        if type(value) is _FUNCTION:
            nested(value.__code__, file, found)
            # What a decorator hides.
            inside.extend([cell.cell_contents for cell in value.__closure__ or () if holds_function(cell)])
        elif issubclass(type(value), type):
            inside.extend(list(type.__dict__['__dict__'].__get__(value).values()))
    if inside and depth > 0:
        gather(inside, file, found, depth - 1)


def holds_function(cell):
    try:
        return type(cell.cell_contents) is _FUNCTION
    except ValueError:
        return False


def nested(code, file, found):
    if code.co_filename == file and id(code) not in found:
        found[id(code)] = code
        for const in code.co_consts:
            if type(const) is _CODE:
                nested(const, file, found)


def looker():
    of_3_11 = sys.implementation.name == 'cpython' and sys.version_info[:2] == (3, 11)
    return Dumps() if of_3_11 else Walker()
