"""The order of a benchmark's parts."""

import statistics
import sys

from . import measure
from .setup import MANY

PARTS = ["start", "residence", "refresh", "instructions", "stalls", "scale", "traffic"]
CONTENDERS = ["supervised", "once", "floor", "script", "sdk"]


class Plan:
    """Runs the parts that were chosen and returns their results as one value for JSON."""

    def __init__(self, chosen, contenders):
        self.contenders = contenders
        self.parts = chosen.parts.split(",") if chosen.parts else PARTS
        self.names = chosen.only.split(",") if chosen.only else CONTENDERS
        if contenders.python is None:
            self.names = [name for name in self.names if name != "sdk"]
        self.counts = [int(count) for count in chosen.counts.split(",")]
        self.places = chosen.places.split(",")
        self.quick = chosen.quick
        self.rounds = chosen.rounds or (5 if chosen.quick else 21)
        self.runs = chosen.runs or (100 if chosen.quick else 1000)

    def run(self, keep):
        """`keep` gets the results so far after every part; what cannot be measured here is said and left out."""
        results = {}
        for part in self.parts:
            try:
                results[part] = getattr(self, part)()
            except (measure.Failed, OSError) as failure:
                self.say(f"{part}: not measured: {failure}")
            keep(results)
        return results

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def share(self, name, count):
        """The slow ones take part in fewer rounds: a script with 200 secrets at 20 ms takes a quarter of a minute."""
        if name in ("script", "sdk"):
            return min(self.rounds, 1 if count > 50 and name == "script" else 2 if count > 10 else 5)
        return self.rounds

    def start(self):
        """To the app's first instruction."""
        results = []
        for place in self.places:
            for count in self.counts:
                shape = measure.choose_shape(self.contenders, place, count, 3 if self.quick else 5)
                commands = {}
                for name in self.names:
                    arguments = (place, count, shape) if name == "floor" else (place, count)
                    command = getattr(self.contenders, name)(*arguments)
                    commands[name] = (command, self.share(name, count))
                measured = measure.compare(self.contenders, commands, count, self.rounds)
                results.append({"place": place, "count": count, "floor": list(shape), "contenders": measured})
                self.say(f"{place} {count}: " + ", ".join(
                    f"{name} {facts['first_us']['median'] / 1000:.1f}" for name, facts in measured.items())
                    + f" ms; floor of {shape[0]} {shape[1]}")
        return results

    def traffic(self):
        """Connections and requests."""
        results = []
        for place in self.places:
            for count in self.counts:
                for name in self.names:
                    if name == "floor":
                        continue
                    counted = measure.traffic(self.contenders, getattr(self.contenders, name)(place, count), count)
                    results.append({"place": place, "count": count, "contender": name, **counted})
        return results

    def residence(self):
        """Memory and wake-ups while the app runs."""
        result = measure.residence(self.contenders, "near", 50, 5 if self.quick else 30)
        self.say(f"residence: {result}")
        return result

    def refresh(self):
        """A refresh with nothing changed."""
        result = measure.refresh_cost(self.contenders, "near", 100, 10 if self.quick else 50)
        self.say(f"refresh: {result}")
        return result

    def stalls(self):
        """Many runs: the slowest one tells whether libcurl's loop ever waited for nothing."""
        results = {}
        for place, count in (("near", 10), ("near", 50)):
            command = self.contenders.once(place, count)
            times = [measure.first_instruction(self.contenders, command, count)["first_us"] for _ in range(self.runs)]
            ordered = sorted(times)
            results[f"{place} {count}"] = {
                **measure.spread(times), "p99": ordered[len(ordered) * 99 // 100], "slowest": ordered[-5:],
                "over_twice_the_median": sum(time > 2 * statistics.median(times) for time in times)}
            self.say(f"stalls, {place} {count}: {results[f'{place} {count}']}")
        return results

    def scale(self):
        """How cost grows."""
        results = {"secrets": [], "vaults": [], "list": []}
        rounds = 3 if self.quick else 9
        for count in (1, 10, 100, 300, 1000):
            results["secrets"].append({"count": count, **self._cost("near", count, rounds)})
        for vaults in (1, 2, 5, 10, 20):
            secrets = [(MANY[number % vaults], number + 1) for number in range(100)]
            path = self.contenders.configuration_of(secrets)
            command = self.contenders.run(path, "--once")
            results["vaults"].append({"vaults": vaults, **self._measured(command, 100, rounds)})
        for place, length in (("near", 100), ("near-list-10000", 10_000)):
            path = self.contenders.configuration_of(
                [(place, 1)], '[[select]]\nprefix = "secret-00"\nas = "env"\n')
            # Nine of them match (secret-001 … secret-009).
            command = self.contenders.run(path, "--once")
            results["list"].append({"length": length, **self._measured(command, None, rounds)})
        self.say(f"scale: {results}")
        return results

    def _cost(self, place, count, rounds):
        return self._measured(self.contenders.once(place, count), count, rounds)

    def _measured(self, command, count, rounds):
        taken = [measure.first_instruction(self.contenders, command, count) for _ in range(rounds)]
        return {key: measure.spread([facts[key] for facts in taken]) for key in ("first_us", "cpu_us", "peak_kb")}

    def instructions(self):
        """By callgrind."""
        result = measure.instructions(self.contenders)
        self.say(f"instructions: {result}")
        return result
