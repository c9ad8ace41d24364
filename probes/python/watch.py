"""
What is watched in every Python process of the target, all along: garbage collection, and SIGPROF, by which whyslow asks
for a profile. No thread, no timer, no open file: outside a profile an idle process does nothing at all.

Writes DIR/python.<pid>.ndjson. All times CLOCK_MONOTONIC, ns.

  {"type":"meta","pid":71,"tid":71,"ppid":70,"implementation":"cpython","version":"3.11.2","stdlib":"/usr/lib/python3.11",
   "own":"/tmp/x/python-probe","atNs":1,"signal":"ours","gc":true}                      signal: ours | taken | refused
  {"type":"gc","startNs":1,"endNs":250000001,"generations":[[31,812000,40100],[2,90000,61000],[0,0,0]],   count, ns, longest
   "pauses":[[2,91,4200000]],"heap":31422}                  those of 1 ms or more: generation, start, length
  {"type":"profile","event":"started","id":1,"atNs":1}      started | stopped | written | failed; see sampler.py
  {"type":"end","atNs":1,"reason":"asked"}

DIR/python.control holds one line: alive until (ns), profile id, from (ns), to (ns), stop (0 or 1).

Nothing here may be felt by the target: what fails is left alone, what the target raises (in a handler of its own, while
one of ours runs) passes through. Syntax and modules that Python 3.7 has, and only built-in ones: what is imported here
would be found imported there.
"""
import gc
import posix
import sys
import time
import _signal
import _thread

SLICE_NS = 250000000
LONG_PAUSE_NS = 1000000
MAX_FILE_BYTES = 64 * 1024 * 1024
POLL_NS = 250000000

_mono = time.monotonic_ns
# A collection never waits: its CPU time is its length, however long its thread then stood in line for the GIL.
_cpu = time.thread_time_ns
_read, _write, _open, _close = posix.read, posix.write, posix.open, posix.close


class Watch(object):
    def __init__(self, here, directory):
        self.here = here
        self.directory = directory
        self.sampler = None
        self.make_sampler = None
        self.done_id = 0
        self.signal = 'refused'
        self.reset()

    def reset(self):
        """A new process: at the start, and in a forked child, which has neither our timer nor the parent's readings."""
        self.pid = posix.getpid()
        self.file = self.directory + '/python.' + str(self.pid) + '.ndjson'
        self.ended = False
        self.sampler = None
        self.written = 0
        self.last_poll = 0
        self.gc_start = self.gc_cpu = 0
        self.clear_slice(_mono())

    def clear_slice(self, now):
        self.slice_start = now
        self.generations = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
        self.pauses = []

    # ---------------------------------------------------------------- writing

    def emit(self, text):
        data = (text + '\n').encode('ascii', 'replace')
        fd = _open(self.file, posix.O_WRONLY | posix.O_APPEND | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NOFOLLOW, 0o644)
        try:
            while data:
                data = data[_write(fd, data):]
        finally:
            _close(fd)
        self.written += len(text)
        if self.written > MAX_FILE_BYTES:
            self.finish('file too large')

    def announce(self):
        version = '.'.join(str(part) for part in sys.version_info[:3])
        self.emit('{"type":"meta","pid":%d,"tid":%d,"ppid":%d,"implementation":%s,"version":%s,"stdlib":%s,"own":%s,"atNs":%d,"signal":%s,"gc":%s}' % (
            self.pid, self.pid, posix.getppid(), quoted(sys.implementation.name), quoted(version), quoted(stdlib()), quoted(self.here), _mono(),
            quoted(self.signal), 'true' if hasattr(gc, 'callbacks') else 'false'))
        if posix.geteuid() == 0:
            # A worker that gives up root still writes here.
            posix.chmod(self.file, 0o666)

    # ---------------------------------------------------------------- garbage collection

    def on_gc(self, phase, info):
        cpu = _cpu()
        if phase == 'start':
            self.gc_start = _mono()
            self.gc_cpu = cpu
            if self.sampler is not None:
                self.sampler.gc_started(sys._getframe(1))
            return
        if self.gc_start == 0:
            return
        now = _mono()
        took = cpu - self.gc_cpu
        of = self.generations[info['generation']]
        of[0] += 1
        of[1] += took
        if took > of[2]:
            of[2] = took
        if took >= LONG_PAUSE_NS:
            self.pauses.append((info['generation'], self.gc_start, took))
        self.gc_start = 0
        if self.sampler is not None:
            self.sampler.gc_ended(took)
        if now - self.slice_start >= SLICE_NS:
            try:
                self.notice_fork()
                self.flush(now)
            except Exception as error:
                self.trouble(error)

    def flush(self, now):
        generations, pauses, start = self.generations, self.pauses, self.slice_start
        self.clear_slice(now)
        if any(count for count, _, _ in generations):
            self.emit('{"type":"gc","startNs":%d,"endNs":%d,"generations":%s,"pauses":%s}' % (
                start, now, plain(generations), plain(pauses)))
        if now - self.last_poll >= POLL_NS:
            self.poll(now)

    # ---------------------------------------------------------------- what whyslow asks for

    def poll(self, now):
        """The order, or None when whyslow is gone: then so are we."""
        self.last_poll = now
        try:
            fd = _open(self.directory + '/python.control', posix.O_RDONLY | posix.O_CLOEXEC)
        except OSError:
            self.finish('control file gone')
            return None
        try:
            order = [int(word) for word in _read(fd, 200).split()]
        finally:
            _close(fd)
        if len(order) < 5 or order[4] or now > order[0]:
            self.finish('asked' if len(order) == 5 and order[4] else 'lease ended')
            return None
        return order

    def on_signal(self, signum, frame):
        try:
            self.notice_fork()
            if self.ended:
                return
            if self.sampler is not None:
                self.sampler.on_signal(frame)
                return
            now = _mono()
            order = self.poll(now)
            if order and order[1] != self.done_id and order[2] <= now < order[3]:
                self.done_id = order[1]
                self.begin(order)
        except Exception as error:
            self.trouble(error)

    def begin(self, order):
        if self.make_sampler is None:
            self.make_sampler, self.places = self.load('sampler')['Sampler'], self.load('stacks')
        self.sampler = self.make_sampler(self, order, TOOLS, (self.places['looker'], self.places['own_stack']))
        self.sampler.begin()

    def load(self, name):
        path = '%s/%s.py' % (self.here, name)
        with open(path, 'rb') as file:
            code = compile(file.read(), path, 'exec')
        namespace = {'__name__': 'whyslow_' + name, '__file__': path}
        exec(code, namespace)
        return namespace

    # ---------------------------------------------------------------- leaving

    def trouble(self, error):
        trace = error.__traceback__
        while trace.tb_next is not None:
            trace = trace.tb_next
        if not trace.tb_frame.f_code.co_filename.startswith(self.here):
            raise error
        self.finish('failed: ' + type(error).__name__)

    def finish(self, reason):
        if self.ended:
            return
        self.ended = True
        sampler, self.sampler = self.sampler, None
        try:
            if sampler is not None:
                sampler.abandon()
            if self.on_gc in getattr(gc, 'callbacks', ()):
                gc.callbacks.remove(self.on_gc)
            # The handler stays: an order of whyslow's may be under way, and without one SIGPROF kills.
            self.emit('{"type":"end","atNs":%d,"reason":%s}' % (_mono(), quoted(reason)))
        except Exception:
            pass

    def notice_fork(self):
        # uWSGI forks its workers in C: they tell by themselves.
        if posix.getpid() != self.pid:
            self.after_fork()

    def after_fork(self):
        try:
            if self.sampler is not None:
                self.sampler.forked()
            if not self.ended:
                self.reset()
                self.announce()
        except Exception as error:
            self.trouble(error)


def start(here, directory):
    watch = Watch(here, directory)
    try:
        if _signal.getsignal(_signal.SIGPROF) != _signal.SIG_DFL:
            watch.signal = 'taken'
        else:
            _signal.signal(_signal.SIGPROF, watch.on_signal)
            watch.signal = 'ours'
    except (ValueError, OSError):
        pass  # no main thread, or a sub-interpreter
    watch.announce()
    if hasattr(gc, 'callbacks'):
        gc.callbacks.append(watch.on_gc)
    posix.register_at_fork(after_in_child=watch.after_fork)


def stdlib():
    # The first entry that holds the library: `os` itself may be frozen and have no file.
    return sys.prefix if not hasattr(sys.modules.get('os'), '__file__') else sys.modules['os'].__file__.rpartition('/')[0]


def plain(value):
    """Numbers in lists and tuples, as JSON."""
    if isinstance(value, (list, tuple)):
        return '[' + ','.join([plain(item) for item in value]) + ']'
    return str(value)


def quoted(text):
    """A JSON string in ASCII. What cannot be encoded (surrogates of a path that is no UTF-8) is kept as escapes."""
    out = []
    for char in str(text):
        point = ord(char)
        if char == '"' or char == '\\':
            out.append('\\' + char)
        elif 32 <= point < 127:
            out.append(char)
        elif point < 0x10000:
            out.append('\\u%04x' % point)
        else:
            point -= 0x10000
            out.append('\\u%04x\\u%04x' % (0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff)))
    return '"' + ''.join(out) + '"'


TOOLS = (time.monotonic_ns, time.thread_time_ns, time.process_time_ns, time.clock_gettime_ns, time.sleep,
         _thread.start_new_thread, _thread.get_ident, quoted, plain)
