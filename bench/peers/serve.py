"""What the Python programs of step.ts and flatness.ts have in common: they answer lines of JSON on stdin by lines of JSON on stdout.

First a line "ready" with versions. Then each line says what to do and for how many seconds; the answer is how often it was done, the time
it took by the clock and by this process's CPU time, and what `check` says of it.
"""
import json
import sys
import time

WARM_UP = 2


def serve(prepare, about):
    """prepare(**what) gives a function that does it once, to its end, and `check`, a function that gives a dict for the answer."""
    print('ready ' + json.dumps(about), flush=True)
    prepared, act, check = None, None, None
    for line in sys.stdin:
        what = json.loads(line)
        seconds = what.pop('seconds')
        if what != prepared:
            # The last one's memory first.
            act = check = None
            act, check = prepare(**what)
            prepared = what
            for _ in range(WARM_UP):
                act()
        times, wall, cpu = 0, time.perf_counter(), time.process_time()
        while times == 0 or time.perf_counter() - wall < seconds:
            act()
            times += 1
        answer = {'times': times, 'wallSeconds': time.perf_counter() - wall, 'cpuSeconds': time.process_time() - cpu}
        print(json.dumps({**answer, **check()}), flush=True)
