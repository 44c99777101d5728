"""Measure how well JSON is recovered from damaged answers, and what it costs, beside other libraries.

    python benchmarks/json_recovery.py                      damaged documents, truncations, noise, attacks
    python benchmarks/json_recovery.py --cases FILE.jsonl    cases of a file too (input, expected, also_ok, refuse_ok)

The documents are what a healing tool exchanges: diffs, code and notes, made from the standard library's own sources.
Each operator damages them in one way known from issue trackers. "exact" is the share whose value comes back equal in
type and content; "wrong" is the share of accepted texts whose value does not. CPU seconds, because wall time on a
shared machine measures the neighbours.
"""

from __future__ import annotations

import argparse
import difflib
import html
import importlib
import json
import math
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections import defaultdict
from pathlib import Path

from pytest_selfheal.resilience import JSONRecoveryError
from pytest_selfheal.resilience import parse_json
from pytest_selfheal.resilience import parse_json_detailed

SOURCES = ("textwrap", "json.decoder", "shlex", "fnmatch", "glob", "csv", "configparser", "string", "copy", "heapq")
REFUSED = object()


def main() -> int:
    """Print the tables; with `--check` return 1 when a bar is missed."""
    options = _options()
    parsers = available_parsers()
    failed = []
    if options.cases:
        failed += print_cases(options.cases, parsers)
    failed += print_damage(options, parsers)
    failed += print_truncation(options)
    if options.attacks:
        failed += print_attacks()
    print("missed: " + ", ".join(failed) if failed else "every bar is met")
    return 1 if failed and options.check else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--documents", type=int, default=150)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--no-attacks", dest="attacks", action="store_false")
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--show", help="print texts of this operator that were read wrongly")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


# --- documents -----------------------------------------------------------------------------------------------------


def documents(count, seed):
    """Return `count` values as models answer them: patches, code, notes, lists of edits."""
    rng = random.Random(seed)
    sources = [Path(importlib.import_module(name).__file__).read_text("utf-8") for name in SOURCES]
    shapes = (_patch_document, _edits_document, _diagnosis_document, _code_document)
    return [rng.choice(shapes)(rng, rng.choice(sources)) for _ in range(count)]


def _slice(rng, source, most=12):
    lines = source.splitlines(keepends=True)
    start = rng.randrange(len(lines) - most)
    return "".join(lines[start : start + rng.randint(2, most)])


def _diff(rng, source):
    old = source.splitlines(keepends=True)
    place = rng.randrange(5, len(old) - 5)
    new = [*old[:place], old[place].rstrip("\n") + "  # checked\n", *old[place + 1 :]]
    return "".join(difflib.unified_diff(old, new, "a/module.py", "b/module.py"))


def _patch_document(rng, source):
    return {
        "file": "pkg/module.py",
        "patch": _diff(rng, source),
        "confidence": rng.choice([0.5, 0.82, 1, 0.0]),
        "safe": rng.choice([True, False, None]),
    }


def _edits_document(rng, source):
    return [
        {"path": f"src/{name}.py", "line": rng.randrange(1, 400), "old": _slice(rng, source, 3), "new": "pass\n"}
        for name in rng.sample(["alpha", "beta", "gamma", "delta"], rng.randint(2, 4))
    ]


def _diagnosis_document(rng, _source):
    return {
        "category": rng.choice(["timeout", "assertion", "fixture"]),
        "reason": "The server, which is slow: it answers after 30 s; the client's limit is 10 s.",
        "evidence": {"lines": [rng.randrange(100) for _ in range(4)], "files": ["tests/test_a.py", "conftest.py"]},
        "steps": [{"do": "raise the limit", "cost": 1.5}, {"do": "retry (twice)", "cost": -2}],
        "related": [],
    }


def _code_document(rng, source):
    return {"language": "python", "code": _slice(rng, source), "notes": ["kept short", "no new imports"], "lines": 7}


# --- operators of damage -------------------------------------------------------------------------------------------


def operators():
    """Return the operators by name: each takes (text, value, rng) and returns the damaged text or None."""
    table = _wraps()
    table |= {
        "trailing comma": _trailing_comma,
        "python repr": lambda _t, v, _r: repr(v),
        "python literals": _python_literals,
        "comments": lambda t, _v, _r: re.sub(r",\n", ", // noted\n", t, count=2) if ",\n" in t else None,
        "raw newlines": lambda t, _v, _r: _raw(t, "\\n", "\n"),
        "inner quotes": _inner_quotes,
        "bad escapes": lambda t, _v, _r: re.sub(r"(?<!\\)\\\\(?=[^\\\"/bfnrtux'])", r"\\", t),
        "unquoted keys": lambda t, _v, _r: re.sub(r'^(\s*)"(\w+)":', r"\1\2:", t, flags=re.MULTILINE),
        "missing comma": _missing_comma,
        "missing key quote": lambda t, _v, r: _drop(
            t, [m.end(1) for m in re.finditer(r'^\s*("\w+)":', t, re.MULTILINE)], r
        ),
        "missing end quote": _missing_end_quote,
        "} for ]": _wrong_closer,
        "premature }": _premature,
        "html entities": lambda t, _v, _r: html.escape(t),
        "escaped whole": lambda t, _v, _r: t.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"),
        "smart quotes": _smart_quotes,
        "last closer lost": lambda t, _v, _r: t.rstrip()[:-1],
        "surplus closer": lambda t, _v, _r: t + "}",
    }
    return table


def _wraps():
    def template(pattern):
        return lambda t, _v, _r: pattern.replace("@", t)

    return {
        "fence": template("Here is it:\n```json\n@\n```\nDone."),
        "plain fence": template("```\n@\n```"),
        "tilde fence": template("~~~json\n@\n~~~\n"),
        "unclosed fence": template("```json\n@\n"),
        "prose": template("Sure, here's the result you've asked for:\n\n@\n\nLet me know if it's fine."),
        "bom": template("\ufeff@"),
        "crlf": lambda t, _v, _r: "Result:\r\n" + t.replace("\n", "\r\n") + "\r\n",
        "code fence before": template('```python\nx = {"a": 1}\nprint(x["a"])\n```\nso:\n```json\n@\n```'),
        "diff fence after": template('```json\n@\n```\n\n```diff\n-x = {"a": 1}\n+x = {"a": 2}\n```'),
        "brackets before": template("See [1] and list[int], {name} in [the docs](x.md):\n\n@"),
        "brackets after": template("@\n\nI replaced [0] by {name}, see [2]."),
        "thinking": template('<think>Maybe {"category": "x"}? No.</think>\n@'),
        "example first": template(
            'The format is:\n```json\n{"category": "<string>"}\n```\nMy answer:\n```json\n@\n```'
        ),
        "twice": template("```json\n@\n```\nAgain:\n```json\n@\n```"),
        "log prefix": lambda _t, v, _r: "2026-01-02 10:00:00 [INFO] (w-1) got: " + json.dumps(v),
        "tag": template("<answer>\n@\n</answer>"),
    }


def _trailing_comma(text, _value, rng):
    places = [m.start() for m in re.finditer(r"(?<=[\w\"\]}])\n\s*[}\]]", text)]
    if not places:
        return None
    place = rng.choice(places)
    return text[:place] + "," + text[place:]


def _python_literals(text, _value, _rng):
    changed = re.sub(
        r": (true|false|null)(?=[,\n])", lambda m: ": " + str({"true": True, "false": False}.get(m[1])), text
    )
    return changed if changed != text else None


def _raw(text, escape, char):
    changed = re.sub(r"(?<!\\)((?:\\\\)*)" + re.escape(escape), lambda m: m[1] + char, text)
    return changed if changed != text else None


def _inner_quotes(text, _value, _rng):
    changed = re.sub(r'(?<!\\)\\"', '"', text)
    return changed if changed != text else None


def _missing_comma(text, _value, rng):
    return _drop(text, [m.start() for m in re.finditer(r",\n", text)], rng)


def _drop(text, places, rng):
    if not places:
        return None
    place = rng.choice(places)
    return text[:place] + text[place + 1 :]


def _missing_end_quote(text, _value, rng):
    return _drop(text, [m.start() for m in re.finditer(r'(?<!\\)",?\n', text) if '": "' in _line(text, m.start())], rng)


def _line(text, place):
    return text[text.rfind("\n", 0, place) + 1 : place]


def _wrong_closer(text, _value, rng):
    places = [m.start(1) for m in re.finditer(r"\n\s+(\])", text)]
    if not places:
        return None
    place = rng.choice(places)
    return text[:place] + "}" + text[place + 1 :]


def _premature(text, value, rng):
    places = [m.start() for m in re.finditer(r",\n  \"", text)] if isinstance(value, dict) else []
    if not places:
        return None
    place = rng.choice(places)
    return text[:place] + "}" + text[place:]


def _smart_quotes(text, _value, _rng):
    if "\\" in text:
        return None
    return re.sub(r'"([^"\n]*)"', "\u201c\\1\u201d", text)


def damaged(count, seed):
    """Yield (operator, value, text) for every operator that changes something, also inside a fence."""
    rng = random.Random(seed + 1)
    for value in documents(count, seed):
        text = json.dumps(value, indent=2)
        for name, damage in operators().items():
            result = damage(text, value, rng)
            if result is None or result == text:
                continue
            if name not in _wraps() and name not in ("html entities", "escaped whole") and rng.random() < 0.5:
                result = f"Here is my answer.\n\n```json\n{result}\n```\n"
            yield name, value, result


# --- parsers -------------------------------------------------------------------------------------------------------


def available_parsers():
    """Return the parsers that are installed, ours first; each raises ValueError or returns REFUSED for a refusal."""
    parsers = {"ours": parse_json, "ours, salvage": lambda text: parse_json(text, mode="salvage"), "json": json.loads}
    for name, module, build in (
        ("json-repair", "json_repair", lambda m: lambda t: _nothing_is_refusal(m.loads(t))),
        ("fast-json-repair", "fast_json_repair", lambda m: lambda t: _nothing_is_refusal(m.loads(t))),
        ("jiter", "jiter", lambda m: lambda t: m.from_json(t.encode(), partial_mode=True)),
        ("partial-json-parser", "partial_json_parser", lambda m: m.loads),
        ("parse-broken-json", "parse_broken_json", _broken),
    ):
        try:
            parsers[name] = build(importlib.import_module(module))
        except (ImportError, AttributeError) as error:
            print(f"not compared: {name} ({error})")
    return parsers


def _broken(module):
    function = next(getattr(module, n) for n in ("parse", "loads", "parse_broken_json") if hasattr(module, n))

    def parse(text):
        result = function(text)
        if hasattr(result, "value"):
            return result.value if getattr(result, "found", True) else REFUSED
        return result

    return parse


def _nothing_is_refusal(value):
    return REFUSED if value == "" else value


def outcome(parse, text, accepted):
    """Return exact, wrong, refused or crash."""
    try:
        value = parse(text)
    except (ValueError, JSONRecoveryError):
        return "refused"
    except Exception:  # noqa: BLE001 - whatever another library lets out is what is counted
        return "crash"
    if value is REFUSED:
        return "refused"
    return "exact" if any(same(value, wanted) for wanted in accepted) else "wrong"


def same(one, other):
    """Whether two values are equal in type and content."""
    if other == "$any":
        return True
    if isinstance(other, str) and other.startswith("$deep:"):
        depth = 0
        while isinstance(one, list):
            depth, one = depth + 1, one[0] if one else None
        return depth == int(other[6:])
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)  # noqa: PLR0124 - NaN


# --- tables --------------------------------------------------------------------------------------------------------


def print_cases(path, parsers):
    """Print right / safe refusal / miss / wrong / crash of each parser on the cases of a file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    print(f"\n{len(rows)} cases: right / safe refusal / miss / wrong / crash")
    failed = []
    for name, parse in parsers.items():
        counts = Counter(_judge(row, parse) for row in rows)
        print(f"  {name:22}" + " / ".join(f"{counts[k]:3}" for k in ("right", "safe", "miss", "wrong", "crash")))
        if name == "ours" and (counts["right"] < 0.9 * len(rows) or counts["wrong"] or counts["crash"]):
            failed.append("cases")
    return failed


def _judge(row, parse):
    text = "".join(piece * times for piece, times in row["repeat"]) if row["repeat"] else row["input"]
    wanted = [_special(item) for item in (row["expected"], *row["also_ok"])]
    result = outcome(parse, text, wanted)
    if result == "refused":
        if {"$refuse": True} in wanted:
            return "right"
        return "safe" if row["refuse_ok"] else "miss"
    return "right" if result == "exact" else result


def _special(item):
    if isinstance(item, dict):
        return {key: _special(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_special(value) for value in item]
    return {"$nan": math.nan, "$inf": math.inf, "$-inf": -math.inf}.get(item, item) if isinstance(item, str) else item


def print_damage(options, parsers):
    """Print exact / wrong / refused in per cent for each operator."""
    texts = list(damaged(options.documents, options.seed))
    names = ["ours", "ours, salvage"] if options.only_ours else list(parsers)
    total = {name: Counter() for name in names}
    rows = defaultdict(lambda: {name: Counter() for name in names})
    for operator, value, text in texts:
        for name in names:
            result = outcome(parsers[name], text, [value])
            rows[operator][name][result] += 1
            total[name][result] += 1
            if options.show == operator and name == "ours" and result != "exact":
                print(result, json.dumps(text)[:1500], "\n")
    print(f"\n{len(texts)} damaged documents: exact / wrong (/ crash) in % of all")
    print(" " * 22 + "".join(f"{name:>20}" for name in names))
    for operator, cells in [*rows.items(), ("all", total)]:
        print(f"{operator:22}" + "".join(f"{_cell(cells[name]):>20}" for name in names))
    ours = total["ours"]
    accepted = ours["exact"] + ours["wrong"]
    print(f"ours: exact {ours['exact'] / len(texts):.4f}, wrong of accepted {ours['wrong'] / accepted:.4f}")
    return (
        (["exact"] if ours["exact"] < 0.95 * len(texts) else [])
        + (["wrong"] if ours["wrong"] > 0.005 * accepted or ours["crash"] else [])
        + _patches(options, texts)
    )


def _cell(counts):
    size = sum(counts.values())
    crash = f" / {100 * counts['crash'] / size:.0f}" if counts["crash"] else ""
    return f"{100 * counts['exact'] / size:.1f} / {100 * counts['wrong'] / size:.1f}{crash}"


def _patches(options, texts):
    """Apply every recovered diff with git."""
    done = bad = 0
    sources = {name: Path(importlib.import_module(name).__file__).read_text("utf-8") for name in SOURCES}
    with tempfile.TemporaryDirectory() as folder:
        for operator, value, text in texts[:: 1 if options.documents < 60 else 6]:
            if not isinstance(value, dict) or "patch" not in value or operator in _wraps():
                continue
            result = parse_json_detailed(text)
            if not result.ok:
                continue
            Path(folder, "module.py").write_text(_origin(value["patch"], sources), encoding="utf-8")
            run = subprocess.run(
                ["git", "apply", "--check", "-"], input=result.value["patch"].encode(), cwd=folder, check=False
            )
            done, bad = done + 1, bad + (run.returncode != 0)
    print(f"git apply --check: {done - bad} of {done} recovered patches apply")
    return ["patches"] if bad else []


def _origin(patch, sources):
    context = "".join(line[1:] for line in patch.splitlines(keepends=True)[3:] if line[0] in " -")
    return next(source for source in sources.values() if context in source)


def print_truncation(options):
    """Cut documents at every kind of place: nothing cut may look complete, no leaf may be invented."""
    rng = random.Random(options.seed + 2)
    counts, salvaged = Counter(), Counter()
    for value in documents(options.documents, options.seed + 3):
        text = json.dumps(value, indent=rng.choice([None, 2]))
        for _ in range(12):
            cut = text[: rng.randrange(1, len(text) - 1)]
            if rng.random() < 0.4:
                cut = "```json\n" + cut
            for mode, tally in (("strict_recovery", counts), ("salvage", salvaged)):
                result = parse_json_detailed(cut, mode=mode)
                if not result.ok:
                    tally["refused"] += 1
                elif result.complete:
                    tally["looks complete"] += 1
                else:
                    tally["prefix" if is_prefix(result.value, value) else "corrupt"] += 1
    print(f"truncations, default: {dict(counts)}; salvage: {dict(salvaged)}")
    return ["truncation"] if counts["looks complete"] or counts["corrupt"] or salvaged["looks complete"] else []


def is_prefix(part, whole):
    """Whether `part` holds nothing but what `whole` holds, perhaps less of it."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and is_prefix(item, whole[key]) for key, item in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) <= len(whole) and all(map(is_prefix, part, whole))
    if isinstance(part, str) and isinstance(whole, str):
        return whole.startswith(part)
    return same(part, whole)


# --- attacks -------------------------------------------------------------------------------------------------------


def attacks(times):
    """Return hostile texts by name; `times` scales their length."""
    million = 1_000_000 * times
    rows = [{"id": i, "name": f"item {i}", "tags": ["a", "b"], "text": 'line\nnext "q"'} for i in range(12_000 * times)]
    valid = json.dumps(rows)
    return {
        "valid 1 MB": valid,
        "one trailing comma": valid[:-1] + ",]",
        "cut at 99 %": valid[: len(valid) * 99 // 100],
        "[": "[" * million,
        '{"a":': '{"a":' * (million // 5),
        "stray {": "{ in " * (50_000 * times),
        "quotes": '"' * million,
        "quotes in object": '{"a": ' + '"' * million,
        "backslashes": '{"a": "' + "\\" * million,
        "bad escapes": '{"a": "' + "\\d" * (million // 2) + '",}',
        "unclosed string": '{"a": "' + "word, more " * (million // 11),
        "{[{[": "{[" * (100_000 * times),
        '{"{"': '{"{"' * (50_000 * times),
        "objects in a row": '{"a":1}' * (71_000 * times),
        "apostrophes": "{'a': '" + "it's " * (40_000 * times) + "'}",
        "prose": "The quick fox, it jumps. " * (million // 25),
        "raw newlines": '{"a": "' + "x\n" * (million // 2) + '",}',
        "fences": "```\nx\n```\n" * (million // 10),
        "python repr": repr(rows),
        "broken objects": '{"a": 1 x}\n' * (million // 11),
        "commas": "{" + "," * million,
    }


def print_attacks():
    """Print CPU seconds, memory above the base, and the ratio when the input doubles."""
    print("\nattack: CPU s / MB above base / doubling ratio")
    failed = []
    for name in attacks(1):
        (once, memory, level), (twice, _, _) = (_measure(attacks(times)[name]) for times in (1, 2))
        ratio = twice / max(once, 0.02)
        print(f"  {name:22}{once:6.2f} s {memory:6.1f} MB  x{ratio:.1f}  {level}")
        if once > 1 or memory > 60 or ratio > 2.5:
            failed.append(f"attack {name}")
    text = attacks(1)["valid 1 MB"]
    ours, plain = (min(_timed(parse, text) for _ in range(7)) for parse in (parse_json, json.loads))
    print(f"  valid 1 MB: {ours / plain:.2f} x json.loads")
    return failed + (["valid JSON is slow"] if ours > 1.2 * plain else [])


def _measure(text):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        result = parse_json_detailed(text)
        spent = time.process_time() - began
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
        os.write(writing, json.dumps([spent, memory, result.level]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answer = json.loads(stream.read())
    os.waitpid(child, 0)
    return answer


def _timed(parse, text):
    began = time.process_time()
    parse(text)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
