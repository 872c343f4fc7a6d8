"""What work in other processes promises."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from recommender.facts.errors import NotEnoughData, ProcessDied
from recommender.learning.processes import Processes


def its_process(told):
    return os.getpid()


def counted(numbers, told):
    for number in numbers:
        told(number)
    return sum(numbers)


def too_little(told):
    raise NotEnoughData("two events")


def a_mistake(told):
    return {}["nothing"]


def ended_by(number, told):
    os.kill(os.getpid(), number)


def slept(told):
    told(os.getpid())
    time.sleep(600)


def test_work_is_done_beside_us_and_tells_how_far_it_is():
    told = []
    with Processes(1) as processes:
        pid = processes.submit("Asking", its_process).result()
        answer = processes.submit("Counting", counted, [1, 2, 3], told=told.append).result()
    assert pid != os.getpid()
    assert (answer, told) == (6, [1, 2, 3])


def test_what_the_work_raises_is_raised_here_and_the_process_goes_on():
    with Processes(1) as processes:
        with pytest.raises(NotEnoughData, match="two events"):
            processes.submit("Training", too_little).result()
        with pytest.raises(KeyError) as mistake:
            processes.submit("Training", a_mistake).result()
        assert "a_mistake" in "".join(mistake.value.__notes__)
        assert processes.submit("Counting", counted, [4]).result() == 4


def test_a_process_that_dies_is_said_so_and_replaced():
    with Processes(1) as processes:
        with pytest.raises(ProcessDied, match=r"^Training on everything: .* ended by SIGKILL"):
            processes.submit("Training on everything", ended_by, signal.SIGKILL).result()
        assert processes.submit("Counting", counted, [4]).result() == 4


def test_closing_ends_all_of_it_at_once():
    pids = []
    at_work = threading.Event()

    def told(pid):
        pids.append(pid)
        at_work.set()

    with Processes(1) as processes:
        running = processes.submit("Sleeping", slept, told=told)
        waiting = processes.submit("Counting", counted, [4])
        assert at_work.wait(60)
    assert not psutil.pid_exists(pids[0])
    assert isinstance(running.exception(), ProcessDied)
    assert waiting.cancelled() or isinstance(waiting.exception(), ProcessDied)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_ours(number, tmp_path):
    """Not even if we are killed; and Ctrl-C, which a terminal sends to all, is silent in them."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import signal\n"
        "from recommender.learning.processes import Processes\n"
        "from test_processes import slept\n"
        "if __name__ == '__main__':\n"
        # A shell has those that it starts in the background ignore it.
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    try:\n"
        "        with Processes(1) as processes:\n"
        "            told = lambda pid: print(pid, flush=True)\n"
        "            processes.submit('Sleeping', slept, told=told).result()\n"
        "    except KeyboardInterrupt:\n"
        "        pass\n"
    )
    path = os.pathsep.join([str(Path.cwd()), str(Path(__file__).parent)])
    parent = subprocess.Popen(
        [sys.executable, "-W", "error", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path},
    )
    child = psutil.Process(int(parent.stdout.readline()))
    if number == signal.SIGINT:
        os.killpg(parent.pid, number)
    else:
        parent.kill()
    _, errors = parent.communicate(timeout=60)
    child.wait(timeout=60)
    assert errors == ""
