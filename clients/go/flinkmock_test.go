package flinkmock_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flinkmock"
)

const orders = "jobs: {orders: streaming}"

func get(t testing.TB, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func check[T comparable](t testing.TB, name string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}

func checkContains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

func TestATestGetsAClusterWithItsScenario(t *testing.T) {
	flink := flinkmock.Start(t, orders, flinkmock.Release("1.20"), flinkmock.Clock("virtual"), flinkmock.Seed(7))
	checkContains(t, flink.Flink, "1.20.")
	check(t, "URL", flink.URL, "http://"+flink.Addr())
	check(t, "URLs", strings.Join(flink.URLs, " "), flink.URL)
	_, body := get(t, flink.URL+"/jobs/overview")
	checkContains(t, body, `"name":"orders"`)
}

func TestClustersAreIndependent(t *testing.T) {
	first, second := flinkmock.Start(t, orders), flinkmock.Start(t, nil)
	get(t, first.URL+"/jobs")
	check(t, "requests of the first", len(first.Requests(flinkmock.Filter{})), 1)
	check(t, "requests of the second", len(second.Requests(flinkmock.Filter{})), 0)
	check(t, "jobs of the second", len(second.Jobs()), 0)
}

func TestEachRequestAdvancesTheClockUnlessTheScenarioHasAClock(t *testing.T) {
	for scenario, want := range map[string]time.Duration{"jobs: {}": time.Second, "clock: virtual": 0} {
		flink := flinkmock.Start(t, scenario)
		before := flink.Now()
		get(t, flink.URL+"/jobs")
		check(t, scenario, flink.Now().Sub(before), want)
	}
}

func TestAScenarioBeginsAtTheStartTime(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 500_000_000, time.UTC)
	flink := flinkmock.Start(t, orders, flinkmock.Clock("virtual"), flinkmock.StartTime(start))
	check(t, "time", flink.Now().UTC(), start)
}

func TestAScenarioIsTextAFileABuiltInScenarioOrAValue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "returns.yaml")
	if err := os.WriteFile(file, []byte("jobs: {returns: batch}"), 0o600); err != nil {
		t.Fatal(err)
	}
	value := map[string]any{"jobs": map[string]any{"value": "batch"}}
	for name, scenario := range map[string]any{"orders": orders, "returns": file, "value": value} {
		check(t, "name", flinkmock.Start(t, scenario).Jobs()[0].Name, name)
	}
	check(t, "name", flinkmock.Start(t, "crash-loop.yaml").Jobs()[0].Name, "orders")
}

func TestTheClockAdvancesAndRunsUntilAState(t *testing.T) {
	flink := flinkmock.Start(t, "jobs: {report: batch}", flinkmock.Clock("virtual"))
	begin := flink.Now()
	check(t, "time", flink.Advance(1500*time.Millisecond).Sub(begin), 1500*time.Millisecond)
	flink.RunUntil("report", "FINISHED")
	check(t, "state", flink.Job("report").State, "FINISHED")
	recorded := record(t, func(t testing.TB) {
		flinkmock.Start(t, "jobs: {report: batch}").RunUntil("report", "SUSPENDED")
	})
	checkContains(t, strings.Join(recorded.messages, "\n"), "can never be reached")
}

func TestJobsAreSubmittedFailRestartFinishAndAreCancelled(t *testing.T) {
	flink := flinkmock.Start(t, nil, flinkmock.Clock("virtual"))
	job := flink.SubmitJob("orders", map[string]any{"template": "streaming"})
	flink.RunUntil("orders", "RUNNING")
	flink.RestartJob(job.ID)
	flink.RunUntil("orders", "RUNNING")
	check(t, "restarts", flink.Job("orders").Restarts, 1)
	flink.FailJob("orders", flinkmock.Exception{Class: "java.io.IOException", Message: "disk full"})
	_, body := get(t, flink.URL+"/jobs/"+job.ID+"/exceptions")
	checkContains(t, body, "java.io.IOException: disk full")
	flink.CancelJob("orders")
	flink.RunUntil("orders", "CANCELED")
	flink.SubmitJob("report", nil)
	flink.RunUntil("report", "RUNNING")
	flink.FinishJob("report")
	flink.RunUntil("report", "FINISHED")
	check(t, "job", flink.WaitForJob("report", "FINISHED", time.Second).Name, "report")
}

func TestASignalLetsAWaitingJobContinue(t *testing.T) {
	scenario := "jobs: {orders: {lifecycle: [RUNNING: signal go, FINISHED]}}"
	flink := flinkmock.Start(t, scenario, flinkmock.Clock("virtual"))
	flink.Advance(time.Hour)
	check(t, "state", flink.Job("orders").State, "RUNNING")
	flink.Signal("go")
	flink.RunUntil("orders", "FINISHED")
}

func TestTheLeaderCrashesAndTaskManagersJoinAndLeave(t *testing.T) {
	flink := flinkmock.Start(t, nil, flinkmock.Clock("virtual"))
	flink.CrashLeader(5 * time.Second)
	if _, err := http.Get(flink.URL + "/taskmanagers"); err == nil {
		t.Error("there is a leader")
	}
	flink.Advance(time.Minute)
	id := flink.AddTaskManager()
	_, body := get(t, flink.URL+"/taskmanagers")
	checkContains(t, body, id)
	flink.LoseTaskManager(id)
}

func TestFaultsAreAddedListedAndRemoved(t *testing.T) {
	flink := flinkmock.Start(t, nil)
	flink.AddFaults("{name: no leader, match: GET /jobs, times: 1, reply: leader-unavailable}")
	status, _ := get(t, flink.URL+"/jobs")
	check(t, "status", status, 503)
	status, _ = get(t, flink.URL+"/jobs")
	check(t, "status", status, 200)
	check(t, "hits", flink.FaultHits("no leader"), 1)
	added := flink.AddFaults([]map[string]any{{"name": "slow", "match": "GET /jobs", "delay": "1s"}})
	check(t, "name", added[0].Name, "slow")
	check(t, "faults", len(flink.Faults()), 2)
	flink.RemoveFault("slow")
	check(t, "faults", len(flink.Faults()), 1)
	flink.ClearFaults()
	check(t, "faults", len(flink.Faults()), 0)
	recorded := record(t, func(t testing.TB) { flinkmock.Start(t, nil).AddFaults("{match: GET /jobs, dely: 1s}") })
	checkContains(t, recorded.messages[0], "delay")
}

func TestRequestsAreListedAndExpected(t *testing.T) {
	flink := flinkmock.Start(t, orders)
	const savepoint = "POST /jobs/:jobid/savepoints"
	path := "/jobs/" + flink.Job("orders").ID + "/savepoints"
	response, err := http.Post(flink.URL+path, "application/json", strings.NewReader(`{"target-directory": "s3://a"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	get(t, flink.URL+"/jobs")
	body := map[string]string{"target-directory": "s3://*"}
	request := flink.Expect(flinkmock.Once, savepoint, body)[0]
	var sent map[string]string
	if err := json.Unmarshal(request.Body, &sent); err != nil {
		t.Fatal(err)
	}
	check(t, "body", sent["target-directory"], "s3://a")
	filter := flinkmock.Filter{Match: savepoint, Body: body, Status: 202, Job: "orders"}
	check(t, "requests", len(flink.Requests(filter)), 1)
	check(t, "requests", len(flink.WaitForRequests(1, "GET /jobs", time.Second)), 1)
	flink.Expect(flinkmock.Times(1), "GET /jobs", nil)
	flink.Expect(flinkmock.AtLeastOnce, "GET /jobs", nil)
	flink.ExpectInOrder(savepoint, "GET /jobs")
	flink.ClearRequests()
	flink.Expect(flinkmock.Never, "GET /jobs", nil)
	recorded := record(t, func(t testing.TB) { flinkmock.Start(t, nil).Expect(flinkmock.Once, "GET /jobs", nil) })
	checkContains(t, recorded.messages[0], "GET /jobs")
}

func TestSnapshotsAreRestoredAndScenariosReplaced(t *testing.T) {
	flink := flinkmock.Start(t, orders, flinkmock.Clock("virtual"))
	snapshot := flink.Snapshot()
	flink.SubmitJob("returns", nil)
	flink.Restore(snapshot)
	check(t, "jobs", len(flink.Jobs()), 1)
	flink.SubmitJob("returns", nil)
	flink.Reset()
	check(t, "jobs", len(flink.Jobs()), 1)
	flink.LoadScenario("jobs: {a: batch, b: batch}", flinkmock.Release("1.12"))
	check(t, "jobs", len(flink.Jobs()), 2)
	checkContains(t, flink.Flink, "1.12.")
}

func TestUnmetExpectationsAndUnmatchedRequestsFailATest(t *testing.T) {
	var url string
	recorded := record(t, func(t testing.TB) {
		flink := flinkmock.Start(t, "expect: [GET /overview: 1]", flinkmock.Release("2.3"))
		url = flink.URL
		get(t, url+"/job")
	})
	check(t, "failed", recorded.failed, true)
	checkContains(t, strings.Join(recorded.messages, "\n"), "GET /overview", "has no operation GET /job.")
	if _, err := http.Get(url); err == nil {
		t.Error("the cluster is still there")
	}
}

func TestUnmatchedRequestsCanBeAllowed(t *testing.T) {
	get(t, flinkmock.Start(t, nil, flinkmock.AllowUnexpected()).URL+"/job")
}

func TestAFaultThatNeverAppliedIsLogged(t *testing.T) {
	recorded := record(t, func(t testing.TB) {
		flinkmock.Start(t, "faults: [{name: slow, match: GET /jobs, delay: 1s}]")
	})
	check(t, "failed", recorded.failed, false)
	checkContains(t, strings.Join(recorded.messages, "\n"), "slow")
}

func TestConnectUsesARunningServer(t *testing.T) {
	served := flinkmock.Start(t, orders)
	flink := flinkmock.Connect(t, served.URL+"/", "a token that is not checked on loopback")
	check(t, "URL", flink.URL, served.URL)
	flink.LoadScenario("jobs: {returns: batch}")
	check(t, "job", served.Jobs()[0].Name, "returns")
}

func TestAllMistakesOfAScenarioAreReported(t *testing.T) {
	recorded := record(t, func(t testing.TB) { flinkmock.Start(t, "jobs: {orders: streamin}\ncluter: {}\n") })
	checkContains(t, recorded.messages[0], "streaming", "cluster")
}

func TestCallReturnsErrorResponses(t *testing.T) {
	err := flinkmock.Start(t, nil).Call(http.MethodGet, "/jobs/gone", nil, nil)
	var response *flinkmock.Error
	if !errors.As(err, &response) {
		t.Fatal(err)
	}
	check(t, "status", response.Status, 404)
}
