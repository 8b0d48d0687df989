"""Requests of metrics and alert rules that should succeed."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import schemathesis
from tests.support.protobuf_bytes import snappy, v1_request, v1_series
from tests.system.campaign import Example, MakeExample

NEEDS_HISTORY = frozenset(
    {
        "read_alert_rule_backtest",  # a job's, which only a long history makes
        "read_metric_anomaly",  # of a detector that learns for hours
        "judge_metric_anomaly",
    }
)
PROTOBUF = "application/x-protobuf"
CONDITION = {"kind": "threshold", "reading": {"selector": "examples_up"}, "enter": {"operator": "<", "threshold": 1}}
UNIT_TESTS = """
rule_files: []
tests:
  - interval: 1m
    input_series:
      - series: examples_up{job="web"}
        values: 1 0 0
    alert_rule_test:
      - eval_time: 1m
        alertname: Down
        exp_alerts: []
"""
RULE_FILE = """
groups:
  - name: hosts
    rules:
      - alert: HostDown
        expr: examples_up == 0
        for: 5m
"""


@schemathesis.serializer(PROTOBUF)
def _as_it_is(_context: Any, value: Any) -> Any:
    """Generated bodies of a binary form are bytes already."""
    return value if isinstance(value, bytes) else str(value).encode()


class _Prometheus(BaseHTTPRequestHandler):
    """A server without series, in Prometheus' own form."""

    def do_GET(self) -> None:
        answer = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


def _name() -> str:
    return f"Example {secrets.token_hex(4)}"


class MonitoringExamples:
    """Makes the operations' examples; what a path names is made first."""

    def __init__(self, client: httpx.Client, ids: dict[str, str]) -> None:
        self._client, self.ids = client, ids
        self._server: ThreadingHTTPServer | None = None
        self.makers: dict[str, MakeExample] = self._rules() | self._trials() | self._metrics() | self._sources()

    def find(self) -> None:
        """What the rest stands on: a series, and a server to ask."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Prometheus)
        Thread(target=self._server.serve_forever, daemon=True).start()
        sent = self._write()
        answer = self._client.post("/ingest/prometheus/write", content=sent.content, headers=sent.headers)
        assert answer.status_code == 204, answer.text

    def close(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _send(self, method: str, path: str, body: Any) -> Any:
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    @staticmethod
    def _rule(**changes: Any) -> dict[str, Any]:
        return {"name": _name(), "condition": CONDITION, "severity": "low"} | changes

    def _stored_rule(self) -> dict[str, Any]:
        made: dict[str, Any] = self._send("POST", "/alerts/rules", self._rule(enabled=False))
        return made

    def _of_rule(self) -> Example:
        return Example(path={"rule_id": self._stored_rule()["id"]})

    def _of_group(self) -> Example:
        name = _name()
        self._send("PUT", f"/alerts/rules/groups/{name}", {"rules": [self._rule(enabled=False)]})
        return Example(path={"name": name})

    def _of_file(self) -> Example:
        done = self._send("POST", "/alerts/rules/import", {"name": f"{_name()}.yml", "content": RULE_FILE})
        return Example(path={"file_id": done["file_id"]})

    def _rules(self) -> dict[str, MakeExample]:
        def replace() -> Example:
            made = self._stored_rule()
            return Example(path={"rule_id": made["id"]}, body=self._rule(version=made["version"], enabled=False))

        return {
            "create_alert_rule": lambda: Example(body=self._rule(enabled=False)),
            "replace_alert_rule": replace,
            "read_alert_rule": self._of_rule,
            "remove_alert_rule": self._of_rule,
            "disable_alert_rule": self._of_rule,
            "enable_alert_rule": self._of_rule,
            "read_alert_rule_group": self._of_group,
            "remove_alert_rule_group": self._of_group,
            "replace_alert_rule_group": lambda: Example(
                path={"name": _name()}, body={"rules": [self._rule(enabled=False)]}
            ),
            "import_alert_rules": lambda: Example(body={"name": f"{_name()}.yml", "content": RULE_FILE}),
            "read_alert_rule_file": self._of_file,
            "remove_alert_rule_file": self._of_file,
        }

    def _trials(self) -> dict[str, MakeExample]:
        def backtest() -> Example:
            end = datetime.now(UTC)
            span = {"from": (end - timedelta(hours=1)).isoformat(), "to": end.isoformat()}
            return Example(body={"rule": self._rule()} | span)

        return {
            "preview_alert_rule": lambda: Example(body={"rule": self._rule()}),
            "backtest_alert_rule": backtest,
            "read_alert_rule_backtest": lambda: Example(path={"backtest_id": self.ids["job_id"]}),
            "run_alert_rule_tests": lambda: Example(body={"tests": UNIT_TESTS, "rules": [self._rule(name="Down")]}),
        }

    @staticmethod
    def _write() -> Example:
        labels = sorted({"__name__": "examples_up", "job": "web"}.items())
        body = snappy(v1_request(v1_series(labels, [(1.0, int(time.time() * 1000))])))
        return Example(content=body, headers={"Content-Type": PROTOBUF, "Content-Encoding": "snappy"})

    @staticmethod
    def _export() -> Example:
        point = {"asDouble": 1.0, "timeUnixNano": str(time.time_ns())}
        metric = {"name": "examples.up", "gauge": {"dataPoints": [point]}}
        return Example(body={"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})

    def _of_anomaly(self, body: Any = None) -> Example:
        return Example(path={"anomaly_id": self.ids["job_id"]}, body=body)

    @staticmethod
    def _objective() -> dict[str, Any]:
        indicator = {
            "kind": "threshold", "selector": "examples_up", "function": "avg", "operator": ">=", "threshold": 1,
        }  # fmt: skip
        return {"name": _name(), "service": "shop", "indicator": indicator, "target_percent": 99.0, "window_days": 30}

    def _of_objective(self, body: Any = None) -> Example:
        made = self._send("POST", "/metrics/objectives", self._objective())
        return Example(path={"objective_id": made["id"]}, body=body)

    def _metrics(self) -> dict[str, MakeExample]:
        return {
            "write_samples": self._write,
            "export_metrics": self._export,
            "query_metrics": lambda: Example(query={"selector": "examples_up"}),
            "list_metric_label_values": lambda: Example(query={"label": "job"}),
            "replace_metric_settings": lambda: Example(body={"last_write_wins": True, "out_of_order_minutes": 60}),
            "read_metric_anomaly": self._of_anomaly,
            "judge_metric_anomaly": lambda: self._of_anomaly({"verdict": "expected"}),
            "replace_detector_settings": self._detector,
            "create_objective": lambda: Example(body=self._objective()),
            "read_objective": self._of_objective,
            "update_objective": lambda: self._of_objective(self._objective()),
            "remove_objective": self._of_objective,
        }

    @staticmethod
    def _detector() -> Example:
        chosen = {"enabled": True, "names": ["examples_*"], "linked_only": False, "max_series": 10}
        return Example(body=chosen | {"sensitivity": "normal"})

    def _of_source(self, body: Any = None, query: dict[str, str] | None = None) -> Example:
        made = self._send("POST", "/metrics/sources", self._source())
        return Example(path={"source_id": made["id"]}, body=body, query=query)

    def _source(self) -> dict[str, Any]:
        assert self._server is not None
        url = f"http://127.0.0.1:{self._server.server_port}"
        return {"name": _name(), "server": {"url": url}, "enabled": False}

    def _sources(self) -> dict[str, MakeExample]:
        return {
            "create_metric_source": lambda: Example(body=self._source()),
            "read_metric_source": self._of_source,
            "update_metric_source": lambda: self._of_source({"name": _name()}),
            "remove_metric_source": self._of_source,
            "test_metric_source": self._of_source,
            "list_metric_source_samples": self._of_source,
            "query_metric_source": lambda: self._of_source(query={"selector": "up"}),
        }
