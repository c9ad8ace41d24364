# whyslow's eyes inside Python. Found first on PYTHONPATH by every interpreter of the target that reads it (not by
# `python -S`, `-I` or `-E`); starts watch.py, takes its folder off sys.path again and hands over to the sitecustomize
# that would have run without it. Nothing is written beside these files, and nothing of ours is left in sys.modules.
import sys


def _start(here):
    # Absent in another interpreter's posix module or where the folder is closed to us: then nothing is watched.
    import posix
    directory = posix.environ.get(b'WHYSLOW_PYTHON_DIR')
    if not directory:
        return
    path = here + '/watch.py'
    with open(path, 'rb') as file:
        code = compile(file.read(), path, 'exec')
    namespace = {'__name__': 'whyslow_watch', '__file__': path}
    exec(code, namespace)
    namespace['start'](here, directory.decode('utf-8', 'surrogateescape'))


def _forget_bytecode(cached):
    # The import system keeps what it compiles, in our folder or in the user's PYTHONPYCACHEPREFIX.
    import posix
    try:
        posix.unlink(cached)
        folder = cached
        for _ in range(64):
            folder = folder[:folder.rindex('/')]
            posix.rmdir(folder)
    except (OSError, ValueError):
        pass


def _hand_over(here):
    ours = sys.modules.pop(__name__)
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)
    try:
        import sitecustomize  # noqa: F401  the target's own, or the distribution's
    except ImportError as error:
        # None to be found is the usual case; one that fails must fail as it would have.
        if error.name != 'sitecustomize':
            raise
    finally:
        sys.modules.setdefault('sitecustomize', ours)


_here = __file__[:__file__.rindex('/')]
try:
    _start(_here)
except Exception:
    # A probe that fails must not be seen by the target; whyslow notices the missing file.
    pass
if globals().get('__cached__'):
    _forget_bytecode(__cached__)
_hand_over(_here)
