"""Results: a file to be compared with later ones, a table to be read, a plot."""

import json

NAMES = {"supervised": "latchkey", "once": "latchkey --once", "floor": "floor (C, libcurl)", "script": "curl and jq",
         "sdk": "Python SDK"}
PLACES = {"near": "loopback, HTTP/1.1", "near-h2": "loopback, h2", "far": "20 ms, HTTP/1.1", "far-h2": "20 ms, h2"}
COLORS = {"supervised": "#1f6feb", "once": "#79b8ff", "floor": "#57606a", "script": "#bf8700", "sdk": "#cf222e"}
# Instruction counts are as good as free of noise: what grows more than this has become more work.
GROWTH = 1.10


def write(results, output):
    """Writes results.json, results.md and, where starts were measured, results.svg."""
    with open(f"{output}/results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1, sort_keys=True)
        file.write("\n")
    with open(f"{output}/results.md", "w", encoding="utf-8") as file:
        file.write(text(results))
    if results.get("start"):
        with open(f"{output}/results.svg", "w", encoding="utf-8") as file:
            file.write(plot(results["start"]))


def milliseconds(facts):
    """Median and quartiles in ms, as `21.4 (20.9–22.3)`."""
    low, middle, high = (facts[key] / 1000 for key in ("low", "median", "high"))
    return f"{middle:.1f} ({low:.1f}–{high:.1f})" if middle < 1000 else f"{middle:.0f} ({low:.0f}–{high:.0f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def text(results):
    """The results as Markdown."""
    parts = []
    for title, write_part in (("machine", _machine), ("start", _start), ("traffic", _traffic),
                              ("residence", _residence), ("refresh", _refresh), ("stalls", _stalls),
                              ("scale", _scale), ("instructions", _instructions)):
        if results.get(title):
            parts.append(write_part(results[title]))
    return "\n".join(parts)


def _machine(facts):
    return (f"{facts['processors']} processors, Linux {facts['kernel']}, {facts['libcurl'].split(' (')[0]}, "
            f"{facts['authorities']} authorities.\n")


def _start(measured):
    names = [name for name in NAMES if any(name in case["contenders"] for case in measured)]
    parts = []
    for place, title in PLACES.items():
        cases = [case for case in measured if case["place"] == place]
        if not cases:
            continue
        rows, costs = [], []
        for case in cases:
            facts = case["contenders"]
            floor = facts.get("floor", {}).get("first_us", {}).get("median")
            row = [case["count"]] + [milliseconds(facts[name]["first_us"]) if name in facts else "" for name in names]
            for name in ("supervised", "once"):
                if floor and name in facts:
                    row.append(f"{facts[name]['first_us']['median'] / floor:.2f}")
            rows.append(row + [f"{case['floor'][0]}, {case['floor'][1]}"])
            costs.append([case["count"]] + [
                f"{facts[name]['cpu_us']['median'] / 1000:.0f} ms, {facts[name]['peak_kb']['median'] / 1024:.0f} MB"
                if "cpu_us" in facts.get(name, {}) else "" for name in names])
        ratios = [f"{NAMES[name]} / floor" for name in ("supervised", "once") if name in names and "floor" in names]
        parts.append(f"To the app's first instruction, {title}: median (quartiles) in ms\n\n"
                     + table(["secrets", *(NAMES[name] for name in names), *ratios, "floor's connections"], rows))
        parts.append(f"CPU time, and peak memory of the largest process, {title}\n\n"
                     + table(["secrets", *(NAMES[name] for name in names)], costs))
    return "\n".join(parts)


def _traffic(measured):
    rows = [[PLACES[case["place"]], case["count"], NAMES[case["contender"]], case["requests"], case["connections"],
             case["resumed"]] for case in measured]
    return "Requests and connections of one start\n\n" + table(
        ["vault", "secrets", "", "requests", "connections", "resumed"], rows)


def _residence(facts):
    return (f"Resident while the app runs: {facts['pss_kb']} kB PSS in all of Latchkey's processes, of these "
            f"{facts['private_kb']} kB private; {facts['wakes']} wake-ups in {facts['seconds']} s.\n")


def _refresh(facts):
    return (f"A refresh of 100 unchanged secrets: {facts['cpu_us'] / 1000:.1f} ms of CPU, {facts['requests']:.0f} "
            f"requests, {facts['connections']:.0f} connections (mean of {facts['cycles']}).\n")


def _stalls(measured):
    rows = [[name, facts["runs"], f"{facts['median'] / 1000:.1f}", f"{facts['p99'] / 1000:.1f}",
             ", ".join(f"{time / 1000:.1f}" for time in facts["slowest"]), facts["over_twice_the_median"]]
            for name, facts in measured.items()]
    return "Many runs of `latchkey run --once`, in ms\n\n" + table(
        ["vault, secrets", "runs", "median", "99th of 100", "slowest five", "over twice the median"], rows)


def _scale(measured):
    def row(name, facts):
        return [name, milliseconds(facts["first_us"]), f"{facts['cpu_us']['median'] / 1000:.0f}",
                f"{facts['peak_kb']['most'] / 1024:.1f}"]

    rows = [row(f"{facts['count']} secrets", facts) for facts in measured["secrets"]]
    rows += [row(f"100 secrets in {facts['vaults']} vaults", facts) for facts in measured["vaults"]]
    rows += [row(f"a bulk selection from {facts['length']}", facts) for facts in measured["list"]]
    return "`latchkey run --once`\n\n" + table(
        ["", "first instruction, ms", "CPU, ms", "peak of the worker, MB"], rows)


def _instructions(measured):
    return "Instructions without the network, by callgrind\n\n" + table(
        ["", "instructions"], [[name, f"{count:,}"] for name, count in sorted(measured.items())])


def plot(measured):
    """A panel for each vault, both axes logarithmic: time to the first instruction by number of secrets."""
    places = [place for place in PLACES if any(case["place"] == place for case in measured)]
    width, height, gap = 380, 300, 64
    columns = min(2, len(places))
    rows = (len(places) + columns - 1) // columns
    total_width, total_height = columns * (width + gap) + 20, rows * (height + gap) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total_width} {total_height}" '
           'font-family="system-ui, sans-serif" font-size="12">',
           f'<rect width="{total_width}" height="{total_height}" fill="#ffffff"/>']
    for index, place in enumerate(places):
        left, top = gap + (index % columns) * (width + gap), 30 + (index // columns) * (height + gap)
        out += _panel([case for case in measured if case["place"] == place], PLACES[place], left, top, width, height)
    names = [name for name in NAMES if any(name in case["contenders"] for case in measured)]
    for index, name in enumerate(names):
        x, y = gap + index * 160, total_height - 14
        out.append(f'<rect x="{x}" y="{y - 9}" width="18" height="4" fill="{COLORS[name]}"/>')
        out.append(f'<text x="{x + 24}" y="{y - 2}" fill="#24292f">{NAMES[name]}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def _panel(cases, title, left, top, width, height):
    from math import log10

    counts = [case["count"] for case in cases]
    times = [facts["first_us"][key] / 1000 for case in cases for facts in case["contenders"].values()
             for key in ("low", "high")]
    low, high = log10(min(times)) - 0.05, log10(max(times)) + 0.05
    last = log10(max(max(counts), 2) / min(counts)) or 1

    def place(count, time):
        return (left + log10(count / min(counts)) / last * width, top + height - (log10(time) - low) / (high - low) * height)

    out = [f'<text x="{left}" y="{top - 10}" font-weight="600" fill="#24292f">{title}: ms by secrets</text>',
           f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#d0d7de"/>']
    for tick in (base * 10 ** power for power in range(0, 5) for base in (1, 2, 5)):
        if low <= log10(tick) <= high:
            _, y = place(min(counts), tick)
            out.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eaeef2"/>')
            out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#57606a">{tick}</text>')
    for count in counts:
        x, _ = place(count, times[0])
        out.append(f'<text x="{x:.1f}" y="{top + height + 16}" text-anchor="middle" fill="#57606a">{count}</text>')
    for name in NAMES:
        taken = [(case["count"], case["contenders"][name]["first_us"]) for case in cases if name in case["contenders"]]
        points = [place(count, facts["median"] / 1000) for count, facts in taken]
        if points:
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            out.append(f'<polyline points="{line}" fill="none" stroke="{COLORS[name]}" stroke-width="2"/>')
        for count, facts in taken:
            x, y_low = place(count, facts["low"] / 1000)
            _, y_high = place(count, facts["high"] / 1000)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y_low:.1f}" y2="{y_high:.1f}" stroke="{COLORS[name]}" '
                       'stroke-width="5" stroke-opacity="0.4"/>')
    return out


def compare(earlier, later):
    """Prints what has changed; returns 1 if an instruction count has grown by more than a tenth."""
    grown = 0
    for name, count in sorted(later.get("instructions", {}).items()):
        before = earlier.get("instructions", {}).get(name)
        if before is None:
            print(f"instructions, {name}: {count:,}, new")
            continue
        flag = ""
        if count > before * GROWTH:
            grown, flag = 1, "  GROWN"
        print(f"instructions, {name}: {before:,} → {count:,} ({(count / before - 1) * 100:+.1f} %){flag}")
    old = {(case["place"], case["count"]): case["contenders"] for case in earlier.get("start", [])}
    for case in later.get("start", []):
        before = old.get((case["place"], case["count"]), {})
        for name in ("supervised", "once"):
            ratios = [facts[name]["first_us"]["median"] / facts["floor"]["first_us"]["median"]
                      for facts in (before, case["contenders"]) if name in facts and "floor" in facts]
            if len(ratios) == 2:
                print(f"{PLACES[case['place']]}, {case['count']} secrets, {NAMES[name]}: {ratios[0]:.2f} → "
                      f"{ratios[1]:.2f} times the floor")
    return grown
