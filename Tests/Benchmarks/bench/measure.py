"""What is measured, and how."""

import json
import os
import re
import statistics
import subprocess
import time

from . import setup as stages
from .contenders import DESCRIPTOR


class Failed(Exception):
    """A contender did not do its work: there is nothing to measure."""


def spread(values):
    """Median, quartiles and extremes."""
    ordered = sorted(values)
    if len(ordered) == 1:
        return {"median": ordered[0], "low": ordered[0], "high": ordered[0], "most": ordered[0], "runs": 1}
    low, _, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return {"median": statistics.median(ordered), "low": low, "high": high, "most": ordered[-1], "runs": len(ordered)}


def first_instruction(contenders, command, count):
    """One run: time to the app's first instruction, CPU time, peak; refused if the app did not get all secrets."""
    stopwatch = f"{contenders.setup.programs}/stopwatch"
    result = subprocess.run([stopwatch, str(DESCRIPTOR), *command], env=contenders.environment(command),
                            stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(f"{command[:3]}: {result.stderr[-500:]}")
    facts = json.loads(result.stdout)
    if count is None:
        count = facts["secrets"]
    expected = sum(len(stages.value(f"secret-{number:03d}")) for number in range(1, count + 1))
    if facts["code"] != 0 or facts["secrets"] != count or facts["bytes"] != expected:
        raise Failed(f"{os.path.basename(command[0])}: {facts} {result.stderr[-500:]}")
    return facts


def traffic(contenders, command, count):
    """Connections, requests and resumed connections of one run."""
    setup = contenders.setup
    setup.resumed()
    before = setup.counts()
    first_instruction(contenders, command, count)
    after = setup.counts()
    # Each question was a connection and a request of its own, at both servers; the last one counts itself.
    return {"connections": after[0] - before[0] - 2, "requests": after[1] - before[1] - 2, "resumed": setup.resumed()}


def choose_shape(contenders, place, count, rounds=5):
    """How many connections, opened how, are best for the floor."""
    widths = sorted({min(width, count) for width in (1, 2, 4, 8, 16, 32)})
    best = None
    for order in ("together", "first", "alone"):
        for width in widths:
            times = [first_instruction(contenders, contenders.floor(place, count, (width, order)), count)["first_us"]
                     for _ in range(rounds)]
            middle = statistics.median(times)
            if best is None or middle < best[0]:
                best = (middle, (width, order))
    return best[1]


def compare(contenders, commands, count, rounds):
    """Interleaved runs; `commands` is name → (command, how many of the rounds it takes part in)."""
    samples = {name: [] for name in commands}
    for index in range(rounds):
        for name, (command, share) in commands.items():
            if index < share:
                samples[name].append(first_instruction(contenders, command, count))
    return {name: {key: spread([sample[key] for sample in taken]) for key in ("first_us", "cpu_us", "peak_kb")}
            for name, taken in samples.items()}


class Running:
    """A supervised run whose app stays."""

    def __init__(self, contenders, path, *options):
        reading, writing = os.pipe()
        command = contenders.run(path, *options, app=contenders.app("stay"))

        def prepare():
            os.dup2(writing, DESCRIPTOR)

        self.process = subprocess.Popen(
            command, env=contenders.environment(command), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=(DESCRIPTOR, writing), preexec_fn=prepare)
        os.close(writing)
        self.pid = self.process.pid
        with os.fdopen(reading, "rb") as pipe:
            self.said = pipe.readline()
        if not self.said:
            raise Failed(self.process.stderr.read().decode()[-500:])

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()

    def children(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def await_rest(self):
        """Until the app is the only child, and the supervisor waits for what comes."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
            if len(self.children()) == 1 and state == "S":
                return
            time.sleep(0.005)
        raise Failed("the supervisor does not come to rest")

    def turns(self):
        """How often it was given a processor."""
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[2])

    def memory(self):
        """PSS and private memory, in kB."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            fields = dict(re.findall(r"^(\w+):\s+(\d+) kB", file.read(), re.M))
        return {"pss_kb": int(fields["Pss"]), "private_kb": int(fields["Private_Dirty"]) + int(fields["Private_Clean"])}

    def cpu_of_the_gone(self):
        """CPU time, in µs, of the children that have ended, and of the supervisor itself."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        tick = 1_000_000 // os.sysconf("SC_CLK_TCK")
        return sum(int(field) for field in fields[11:15]) * tick


def residence(contenders, place, count, seconds):
    """Memory of all of Latchkey's processes while the app runs, and how often they wake within `seconds`."""
    running = Running(contenders, contenders.configuration(place, count))
    try:
        running.await_rest()
        before = running.turns()
        time.sleep(seconds)
        wakes = running.turns() - before
        return {**running.memory(), "wakes": wakes, "seconds": seconds}
    finally:
        running.end()


def refresh_cost(contenders, place, count, cycles):
    """CPU time, in µs, of one refresh that finds nothing changed, as the mean of `cycles`; and its requests.

    The kernel counts a process's CPU time in ticks of 10 ms where it is read for others, so that many cycles are
    measured together."""
    path = contenders.configuration(place, count)
    running = Running(contenders, path, "--instance", "benchmark")
    refresh = [f"{contenders.latchkey}/latchkey", "refresh", "--wait", "--instance", "benchmark"]
    environment = contenders.setup.environment()
    try:
        running.await_rest()
        # The first one still learns what the list looks like.
        subprocess.run(refresh, env=environment, check=True, capture_output=True)
        running.await_rest()
        counts, cpu = contenders.setup.counts(), running.cpu_of_the_gone()
        for _ in range(cycles):
            subprocess.run(refresh, env=environment, check=True, capture_output=True)
            running.await_rest()
        after = contenders.setup.counts()
        spent = running.cpu_of_the_gone() - cpu
        return {"cpu_us": spent / cycles, "requests": (after[1] - counts[1] - 2) / cycles,
                "connections": (after[0] - counts[0] - 2) / cycles, "cycles": cycles}
    finally:
        running.end()


def instructions(contenders):
    """Instructions that callgrind counts: `run --once -- true`, and supervised, by process."""
    counts = {}
    path = contenders.configuration_of([])
    # Without debug information, as packages have them: valgrind cannot read Swift's.
    stripped = f"{contenders.setup.directory}/stripped"
    os.makedirs(stripped)
    for program in ("latchkey", "latchkey-worker"):
        subprocess.run(["strip", "--strip-debug", "-o", f"{stripped}/{program}", f"{contenders.latchkey}/{program}"],
                       check=True)
    for name, options in (("once", ["--once"]), ("supervised", [])):
        pattern = f"{contenders.setup.directory}/callgrind.{name}"
        command = ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={pattern}.%p",
                   f"{stripped}/latchkey", *contenders.run(path, *options, app=["true"])[1:]]
        result = subprocess.run(command, env=contenders.setup.environment(), capture_output=True, text=True)
        if result.returncode != 0:
            raise Failed(f"callgrind: {result.stderr[-500:]}")
        directory = os.path.dirname(pattern)
        for file_name in sorted(os.listdir(directory)):
            if file_name.startswith(f"callgrind.{name}."):
                with open(f"{directory}/{file_name}", encoding="utf-8", errors="replace") as file:
                    text = file.read()
                total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
                program = re.search(r"^cmd:\s*(\S*)", text, re.M)
                key = f"{name}: {os.path.basename(program.group(1))}"
                counts[key] = counts.get(key, 0) + int(total.group(1))
    return counts
