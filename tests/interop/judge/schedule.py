"""Which runs there are, and which go on at once: most paths are idle nearly all the time."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from judge.paths import Path
from judge.runs import Job

LIGHT_MBIT = 20.0
# Rounds of a path that carries little: chance weighs more there, and the machine hardly notices them.
LIGHT_TIMES = 3
# Programs of ours and the wires that are started at once.
MOST_AT_ONCE = 8


def senders(ours: Iterable[str], linux: Iterable[str]) -> list[tuple[str, str, str]]:
    """Who sends to whom by which algorithm; Linux beside itself last."""
    linux = list(linux)
    return ([("ours", a, "linux") for a in ours] + [("linux", a, "ours") for a in linux if a == "cubic"] +
            [("linux", a, "linux") for a in linux])


def jobs(paths: Iterable[Path], who: Iterable[tuple[str, str, str]], rounds: int, first: int,
         light_times: int = LIGHT_TIMES) -> list[Job]:
    """Round by round, and side by side what is compared."""
    who = list(who)
    judged = {algorithm for sender, algorithm, receiver in who if "ours" in (sender, receiver)}
    result = []
    for i in range(rounds):
        for path in paths:
            for sender in who:
                if i > 0 and sender[1] not in judged:
                    continue  # told, but nobody is compared with it
                light = path.expected(sender[1]) < LIGHT_MBIT
                result += [Job(path, *sender, (first + i) * LIGHT_TIMES + j) for j in range(light_times if light else 1)]
    return result


def run_all(todo: list, weigh: Callable[..., float], capacity: float, work: Callable, done: Callable) -> None:
    """Runs them in order, or nearly: while the next one does not fit beside those under way, a later one may. `done`
    gets each outcome, in this thread."""
    waiting, running = list(todo), {}
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        while waiting or running:
            for job in list(waiting):
                if len(running) >= MOST_AT_ONCE:
                    break
                if running and sum(map(weigh, running.values())) + weigh(job) > capacity:
                    continue
                waiting.remove(job)
                running[pool.submit(work, job)] = job
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                running.pop(future)
                done(future.result())
