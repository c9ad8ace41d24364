"""
A profile of one Python process by CPU time: ITIMER_PROF and its SIGPROF, for as long as python.control says. Loaded only then.

  one thread         SIGPROF, the frame that was running; what the thread used since the last sample is its weight. A call
                     into C delays the handler to its end; its whole time then counts for the line that made the call
  several            a handler runs in the main thread only, and newer kernels give the signal to the thread that used the
                     CPU: so a thread of our own looks instead. Under the GIL a thread that gave the lock up is seen where it
                     waits, not where it worked; so it looks twice:

                          all clocks    0.2 ms     all clocks, all frames
                     -----|-------------------------|------------------------------ 7 ms ---|---
                          whose CPU clock went on between the two was at work, and stands where it was made to stop

                     It answers for what the process used since the last time; so threads of one request each, which
                     mostly end unseen, are stood for by those that are met.

A thread that uses no CPU has no sample: every 20 ms a thread of our own looks where those stand that are asleep in a call,
with the GIL given up. In a futex (a lock, a condition, the GIL) only who used no CPU since the look before.

At its end, in python.<pid>.ndjson (watch.py):

  {"type":"function","id":0,"name":"render","file":"/app/views.py","line":12}
  {"type":"stack","id":0,"line":31,"functions":[4,2,0]}                  innermost first; line: where the innermost stood
  {"type":"thread","tid":71,"name":"MainThread"}
  {"type":"samples","tid":71,"samples":[[91,0,9800000]]}                 time, stack, CPU of this thread since its last sample
  {"type":"waits","tid":71,"waits":[[95,3]]}                             looks that found it asleep: time, stack
  {"type":"gc-stacks","stacks":[[0,3,4100000]]}                          stack, collections that began in it, their ns
  {"type":"profile","event":"stopped","id":1,"atNs":9,"startNs":1,"endNs":8,"cpuNs":7,"intervalUs":7000,"modules":["asyncio"]}
"""
import posix
import sys
import _signal
import _thread

# A prime number of ms, so as not to beat with what happens every 5 or 10 ms. Of CPU time, so an idle process has none.
INTERVAL_S = 0.007
# Threads under the GIL: the handler's thread gets its turn only this long after the signal. With the usual 5 ms a thread that
# works less than that at a time would always be seen where it gave the lock up, never where it worked.
SWITCH_S = 0.0001
MAX_STACKS = 20000
POLL_NS = 50000000
LOOK_S = 0.0002
OTHERS_NS = 2000000
# Each look at a thread reads a file of /proc: with many threads they take turns.
WAIT_S = 0.02
WAITS_A_LOOK = 16
# A thread that woke and went to sleep again between the two looks was not at work.
LEAST_NS = 20000
# With many threads a look takes ms, in which nobody else runs: a tenth of the time at most.
SELDOM = 9
LOOPS = ('asyncio', 'gevent', 'eventlet', 'tornado.ioloop', 'twisted.internet.reactor', 'uvloop', 'trio', 'curio', 'uwsgi', 'gunicorn',
         'waitress', 'cheroot', 'werkzeug.serving', 'socketserver', 'wsgiref')

# Threads besides the main one; without those that C began.
_threads = _thread._count
# Number of futex, in which a thread that was made to give up the GIL stands.
_FUTEX = {'x86_64': b'202', 'aarch64': b'98'}.get(posix.uname().machine)
# CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED: the CPU clock of the thread with this kernel id, include/linux/posix-timers.h
_THREAD_CLOCK = 6


def call_of(tid):
    """Number of the call that it sleeps in, b'running', or None where nobody may look."""
    if _FUTEX is None:
        return None
    try:
        fd = posix.open('/proc/self/task/%d/syscall' % tid, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return None
    try:
        return posix.read(fd, 16).split()[0]
    except (OSError, IndexError):
        return None
    finally:
        posix.close(fd)


def at_work(tid):
    """Running, or in line for the GIL; a thread asleep in another call did its work somewhere else."""
    return call_of(tid) in (b'running', _FUTEX, None)


class Sampler(object):
    def __init__(self, watch, order, tools, places):
        self.watch = watch
        self.id = order[1]
        self.make_looker, self.own_stack = places
        self.lookers = []
        self.until = order[3]
        # Taken when the interpreter started: gevent and tests replace what the modules hold.
        self.mono, self.thread_time, self.process_time, self.clock, self.sleep, self.start_thread, self.get_ident, self.quoted, self.plain = tools
        self.codes = {}
        self.stacks = {}
        self.samples = {}
        self.waits = {}
        self.slept = {}
        self.wait_turn = 0
        self.next_wait = 0
        self.watching = 0
        self.names = {watch.pid: 'MainThread'}
        self.threads = {}
        self.own_exec = {}
        self.own_switch = None
        self.gc_stack = None
        self.gc_stacks = {}
        self.last_poll = self.start = self.mono()

    def begin(self):
        if _signal.getitimer(_signal.ITIMER_PROF) != (0.0, 0.0):
            raise RuntimeError('ITIMER_PROF is in use')
        self.main = self.get_ident()
        self.start_cpu = self.process_cpu = self.process_time()
        self.main_cpu = self.thread_time()
        # After a fork it still counts the threads of the parent.
        self.threads_then = _threads()
        self.watch.emit('{"type":"profile","event":"started","id":%d,"atNs":%d}' % (self.id, self.mono()))
        looker = self.make_looker()
        several = len(looker.now()) > 1
        looker.close()
        if several:
            self.look_from_thread()
        else:
            os = sys.modules['os']
            self.own_exec = {name: getattr(os, name) for name in ('execv', 'execve')}
            for name, call in self.own_exec.items():
                setattr(os, name, self.disarming(call))
            _signal.setitimer(_signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
            # uWSGI keeps the GIL unless it was told to have threads: one of ours would wait for it for good.
            if 'uwsgi' not in sys.modules:
                self.watching = 1
                self.start_thread(self.watch_main, ())

    def disarming(self, call):
        # A timer outlives execve, our handler does not: the new program would be killed by it.
        def replaced(*args, **kwargs):
            _signal.setitimer(_signal.ITIMER_PROF, 0, 0)
            return call(*args, **kwargs)
        return replaced

    # ---------------------------------------------------------------- one thread: by signal

    def on_signal(self, frame):
        if self.own_switch is not None:
            return
        now = self.mono()
        if frame is not None:
            used = self.thread_time() - self.main_cpu
            # Threads may come and go between two signals: the process then used more than its main thread did.
            if _threads() - self.threads_then > self.watching or self.process_time() - self.process_cpu > 2 * used + OTHERS_NS:
                self.disarm()
                self.look_from_thread()
                return
            self.add_number(now, self.watch.pid, self.number_of(*self.own_stack(frame)), used)
        self.heed(now)
        self.main_cpu = self.thread_time()
        self.process_cpu = self.process_time()

    def heed(self, now):
        if now < self.until and now - self.last_poll < POLL_NS:
            return
        self.last_poll = now
        order = self.watch.poll(now)
        if order:
            self.until = order[3] if order[1] == self.id else 0
        if self.watch.sampler is self and now >= self.until:
            self.end(now)

    def watch_main(self):
        looker = self.open_looker()
        try:
            while self.watch.sampler is self and self.own_switch is None:
                self.sleep(WAIT_S)
                ours = self.thread_time()
                if call_of(self.watch.pid) not in (b'running', _FUTEX, None):
                    stack = looker.now().get(self.main)
                    if stack is not None:
                        self.add_wait(self.mono(), self.watch.pid, stack)
                # What we use ourselves is nobody's.
                self.process_cpu += self.thread_time() - ours
        except Exception as error:
            self.watch.trouble(error)
        finally:
            self.watching = 0
            looker.close()

    # ---------------------------------------------------------------- several: from a thread of our own

    def look_from_thread(self):
        self.own_switch = sys.getswitchinterval()
        sys.setswitchinterval(min(SWITCH_S, self.own_switch))
        self.start_thread(self.look, ())

    def look(self):
        looker = self.open_looker()
        try:
            own = self.get_ident()
            self.idents = list(looker.now())
            took = 0
            while self.watch.sampler is self:
                self.sleep(max(INTERVAL_S, took * SELDOM / 1e9))
                ours = self.thread_time()
                self.sample(own, looker)
                self.heed(self.mono())
                # What we use ourselves is nobody's.
                took = self.thread_time() - ours
                self.process_cpu += took
        except Exception as error:
            self.watch.trouble(error)
        finally:
            looker.close()

    def open_looker(self):
        """One a thread: what looks writes, and gives the GIL up when it reads that."""
        looker = self.make_looker()
        self.lookers.append(looker)
        return looker

    def sample(self, own, looker):
        before = self.clocks(own, self.idents)
        self.sleep(LOOK_S)
        stacks = looker.now()
        now = self.mono()
        after = self.clocks(own, stacks)
        self.idents = list(stacks)
        seen = []
        for ident, (tid, cpu) in after.items():
            used = cpu - before.get(ident, (tid, 0))[1]
            # The number of a thread that ended may come again: then its clock went back.
            if used < 0:
                used = cpu
            if used >= LEAST_NS and ident in stacks:
                seen.append((tid, self.number_of(*stacks[ident]), used))
        ran = [(tid, number, used) for tid, number, used in seen if at_work(tid)]
        process = self.process_time()
        total = sum([used for _, _, used in ran])
        if total > 0:
            pool = process - self.process_cpu
            for tid, number, used in ran:
                self.add_number(now, tid, number, pool * used // total)
            self.process_cpu = self.process_time()
        if now >= self.next_wait:
            self.next_wait = now + int(WAIT_S * 1e9)
            self.look_asleep(now, after, looker)

    def look_asleep(self, now, clocks, looker):
        threads = list(clocks.items())
        first = self.wait_turn
        self.wait_turn = first + WAITS_A_LOOK if first + WAITS_A_LOOK < len(threads) else 0
        asleep = []
        for ident, (tid, cpu) in threads[first:first + WAITS_A_LOOK]:
            rested = self.slept.get(tid) == cpu
            self.slept[tid] = cpu
            call = call_of(tid)
            if call not in (b'running', None) and (rested or call != _FUTEX):
                asleep.append((ident, tid))
        # Whoever woke up since then waits for the GIL where it slept.
        stacks = looker.now()
        for ident, tid in asleep:
            if ident in stacks:
                self.add_wait(now, tid, stacks[ident])

    def clocks(self, own, idents):
        """{ident: (tid, CPU)} of every thread but ours."""
        clocks = {}
        for ident in idents:
            if ident == own:
                continue
            clock = self.clock_of(ident)
            if clock is not None:
                try:
                    clocks[ident] = (~(clock >> 3), self.clock(clock))
                except OSError:
                    del self.threads[ident]
        return clocks

    def clock_of(self, ident):
        clock = self.threads.get(ident)
        if clock is None:
            known = getattr(sys.modules.get('threading'), '_active', {}).get(ident)
            tid = self.watch.pid if ident == self.main else getattr(known, '_native_id', None)
            try:
                clock = (~tid << 3) | _THREAD_CLOCK if tid else sys.modules['time'].pthread_getcpuclockid(ident)
            except (OSError, AttributeError):
                return None
            self.threads[ident] = clock
            if ident != self.main:
                self.names[~(clock >> 3)] = str(getattr(known, '_name', ''))
        return clock

    def key_of(self, line, stack):
        for code in stack:
            self.codes.setdefault(id(code), code)
        return (line,) + tuple(map(id, stack))

    def number_of(self, line, stack):
        key = self.key_of(line, stack)
        number = self.stacks.get(key)
        if number is None and len(self.stacks) < MAX_STACKS:
            number = self.stacks[key] = len(self.stacks)
        return number

    def add_number(self, now, tid, number, cpu):
        if number is not None:
            self.samples.setdefault(tid, []).append((now, number, cpu))

    def add_wait(self, now, tid, stack):
        number = self.number_of(*stack)
        if number is not None:
            self.waits.setdefault(tid, []).append((now, number))

    def gc_started(self, frame):
        key = self.key_of(*self.own_stack(frame))
        self.gc_stack = self.stacks.setdefault(key, len(self.stacks))

    def gc_ended(self, took):
        if self.gc_stack is None:
            return  # it began before the profile
        of = self.gc_stacks.setdefault(self.gc_stack, [0, 0])
        of[0] += 1
        of[1] += took

    # ---------------------------------------------------------------- the end

    def disarm(self):
        if self.own_exec:
            _signal.setitimer(_signal.ITIMER_PROF, 0, 0)
            for name, call in self.own_exec.items():
                setattr(sys.modules['os'], name, call)
            self.own_exec = {}
        if self.own_switch is not None:
            sys.setswitchinterval(self.own_switch)

    def forked(self):
        """In the child, which has the settings and the descriptors, but neither the timer nor the threads."""
        self.disarm()
        for looker in self.lookers:
            looker.close()

    def abandon(self):
        """whyslow is gone, or something failed: nobody waits for what was seen."""
        self.disarm()

    def end(self, now):
        cpu = self.process_time() - self.start_cpu
        self.disarm()
        self.watch.sampler = None
        lines = []
        numbers = {}
        quoted, plain = self.quoted, self.plain
        for number, (key, code) in enumerate(self.codes.items()):
            numbers[key] = number
            lines.append('{"type":"function","id":%d,"name":%s,"file":%s,"line":%d}' % (
                number, quoted(getattr(code, 'co_qualname', code.co_name)), quoted(code.co_filename), code.co_firstlineno))
        for key, number in self.stacks.items():
            lines.append('{"type":"stack","id":%d,"line":%d,"functions":%s}' % (number, key[0] or 0, plain([numbers[code] for code in key[1:]])))
        for tid in set(self.samples) | set(self.waits):
            lines.append('{"type":"thread","tid":%d,"name":%s}' % (tid, quoted(self.names.get(tid, ''))))
        for tid, waits in self.waits.items():
            lines.append('{"type":"waits","tid":%d,"waits":%s}' % (tid, plain(waits)))
        for tid, samples in self.samples.items():
            lines.append('{"type":"samples","tid":%d,"samples":%s}' % (tid, plain(samples)))
        lines.append('{"type":"gc-stacks","stacks":%s}' % plain([(stack, count, ns) for stack, (count, ns) in self.gc_stacks.items()]))
        modules = '[' + ','.join([quoted(name) for name in LOOPS if name in sys.modules]) + ']'
        lines.append('{"type":"profile","event":"stopped","id":%d,"atNs":%d,"startNs":%d,"endNs":%d,"cpuNs":%d,"intervalUs":%d,"modules":%s}' % (
            self.id, now, self.start, now, cpu, int(INTERVAL_S * 1e6), modules))
        self.watch.emit('\n'.join(lines))
        after = self.mono()
        self.watch.emit('{"type":"own","startNs":%d,"endNs":%d}\n{"type":"profile","event":"written","id":%d,"atNs":%d}' % (now, after, self.id, after))
