"""The client of the compose file: advances cluster time by 5 minutes, then waits for all tasks of `orders` to run."""

import json
import os
import time
import urllib.request

URL = os.environ["FLINK_URL"]
TOKEN = os.environ["FLINKMOCK_TOKEN"]


def request(path: str, body: object = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers), timeout=30) as response:
        return json.load(response)


request("/__flinkmock__/v1/clock/advance", {"by": "5m"})
while True:
    [job] = request("/jobs/overview")["jobs"]
    if job["tasks"]["running"] == job["tasks"]["total"]:
        break
    time.sleep(1)
print(f"{job['name']} has run for {job['duration'] / 1000:.0f} s")
