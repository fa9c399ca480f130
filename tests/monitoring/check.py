"""What Prometheus and its parser say: one line for each check, which begins with ok or FAILED.

check.py parse FILE              the text of bourse.openmetrics(), by the parser of prometheus_client
check.py dashboard URL FILE      every expression of a Grafana dashboard has data, and one that cannot have any has none
check.py expression URL EXPR …   the same of single expressions
"""

import json
import math
import re
import sys
import time
import urllib.parse
import urllib.request

PATIENCE = 90


def told(passed, what):
    print(("ok " if passed else "FAILED ") + what, flush=True)


def parse(path):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    with open(path, encoding="utf-8") as file:
        text = file.read()
    families = list(text_string_to_metric_families(text))
    kinds = {family.type for family in families}
    samples = sum(len(family.samples) for family in families)
    told(samples > 100 and kinds == {"counter", "gauge"}, f"{samples} samples of {len(families)} families are parsed")
    nameless = [family.name for family in families if not family.documentation]
    told(not nameless, f"each family says what it means {nameless}")
    try:
        list(text_string_to_metric_families(text.replace("# EOF\n", "")))
        told(False, "a text without its end is refused")
    except ValueError:
        told(True, "a text without its end is refused")


def values(url, expression):
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=30) as answer:
        return json.load(answer)["data"]["result"]


def has_data(url, expression, patience=PATIENCE):
    """A figure that is no number tells nobody anything: a rate over a rate that is 0 for some label is one."""
    end = time.monotonic() + patience
    while True:
        if any(math.isfinite(float(row["value"][1])) for row in values(url, expression)):
            return True
        if time.monotonic() > end:
            return False
        time.sleep(1)


def expressions(path):
    with open(path, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], re.sub(r"\$__rate_interval", "30s", target["expr"])


def dashboard(url, path):
    found = list(expressions(path))
    for title, expression in found:
        told(has_data(url, expression), f"{title}: {expression}")
    told(not has_data(url, "rate(bourse_no_such_figure_total[30s])", 5), "an expression of no figure has no data")


def main():
    task, *rest = sys.argv[1:]
    if task == "parse":
        parse(*rest)
    elif task == "dashboard":
        dashboard(*rest)
    else:
        for expression in rest[1:]:
            told(has_data(rest[0], expression), expression)


main()
