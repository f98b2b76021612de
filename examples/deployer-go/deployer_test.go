package deployer_test

import (
	"archive/zip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deployer"
	"flinkmock"
)

const (
	orders       = "testdata/orders.yaml"
	diskFull     = "testdata/disk-full.yaml"
	outOfMemory  = "testdata/out-of-memory.yaml"
	lostResponse = "{match: POST /jobs/:jobid/savepoints, times: 1, drop: after-processing}"
	notJSON      = "{match: POST /jobs/:jobid/savepoints, corrupt: html}"
	snapshot     = "{match: GET /config, set: {flink-version: 1.20-SNAPSHOT}}"
	directory    = "s3://savepoints"
)

// start starts a cluster whose time advances only while the deployer sleeps.
func start(t *testing.T, scenario string, options ...flinkmock.Option) (*flinkmock.FlinkMock, *deployer.Deployer) {
	t.Helper()
	flink := flinkmock.Start(t, scenario, append(options, flinkmock.Clock("virtual"))...)
	flink.Advance(time.Minute) // now the tasks of `orders` are running
	client := deployer.New(flink.URL)
	client.Now = flink.Now
	client.Sleep = func(_ context.Context, duration time.Duration) error {
		flink.Advance(duration)
		return nil
	}
	return flink, client
}

// writeJar writes the jar of the new version, with the manifest that a cluster reads, and returns its path. URLs must
// encode its name.
func writeJar(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders-2 +10%.jar")
	file, err := os.Create(path)
	check(t, err)
	defer file.Close()
	archive := zip.NewWriter(file)
	manifest, err := archive.Create("META-INF/MANIFEST.MF")
	check(t, err)
	_, err = manifest.Write([]byte("Manifest-Version: 1.0\r\nMain-Class: org.example.Orders\r\n\r\n"))
	check(t, err)
	check(t, archive.Close())
	return path
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkError checks the kind of an error, and what its message contains.
func checkError(t *testing.T, err, kind error, message string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), message) {
		t.Fatalf("got the error %q, want %q with %q", err, kind, message)
	}
}

func checkEqual(t *testing.T, name, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

// checkSavepoint checks that the job has one savepoint, with this path.
func checkSavepoint(t *testing.T, job flinkmock.Job, path string) {
	t.Helper()
	if len(job.Savepoints) != 1 {
		t.Fatalf("%s has %d savepoints, want 1: %v", job.Name, len(job.Savepoints), job.Savepoints)
	}
	checkEqual(t, "savepoint", path, job.Savepoints[0].Path)
}

func onReleases(t *testing.T, releases []string, test func(*testing.T, flinkmock.Option)) {
	for _, release := range releases {
		release := release
		t.Run(release, func(t *testing.T) { test(t, flinkmock.Release(release)) })
	}
}

func TestADeployedJobIsUp(t *testing.T) {
	onReleases(t, []string{"1.12", "1.20", "2.3"}, func(t *testing.T, release flinkmock.Option) {
		flink, client := start(t, orders, release)
		job, err := client.Deploy(context.Background(), writeJar(t))
		check(t, err)
		checkEqual(t, "id", job, flink.Job("orders").ID)
		checkEqual(t, "state", flink.Job("orders").State, "RUNNING")
		flink.ExpectInOrder("POST /jars/upload", "POST /jars/:jarid/run", "GET /jobs/:jobid")
	})
}

func TestAnUpgradeRestoresTheLastSavepoint(t *testing.T) {
	onReleases(t, []string{"1.12", "1.20", "2.3"}, func(t *testing.T, release flinkmock.Option) {
		flink, client := start(t, orders, release)
		oldID := flink.Job("orders").ID
		job, err := client.Upgrade(context.Background(), oldID, writeJar(t), directory)
		check(t, err)
		checkEqual(t, "state", flink.Job(oldID).State, "FINISHED")
		checkEqual(t, "id", job, flink.Job("orders").ID)
		checkSavepoint(t, flink.Job(oldID), flink.Job(job).RestoredFrom)
		flink.ExpectInOrder("POST /jars/upload", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run")
	})
}

func TestAfterAFailedStopNoJobIsStarted(t *testing.T) {
	flink, client := start(t, diskFull)
	oldID := flink.Job("orders").ID
	_, err := client.Upgrade(context.Background(), oldID, writeJar(t), directory)
	checkError(t, err, deployer.ErrSavepointFailed, "No space left on device")
	checkEqual(t, "state", flink.Job(oldID).State, "RUNNING")
	flink.Expect(flinkmock.Never, "POST /jars/:jarid/run", nil)
}

func TestCompletedDoesNotMeanSuccess(t *testing.T) {
	flink, client := start(t, diskFull)
	_, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	checkError(t, err, deployer.ErrSavepointFailed, "No space left on device")
}

func TestThePathOfASavepointIsReturned(t *testing.T) {
	flink, client := start(t, orders)
	location, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	check(t, err)
	checkSavepoint(t, flink.Job("orders"), location)
}

func TestRequestsWithoutALeaderAreRetried(t *testing.T) {
	flink, client := start(t, orders)
	flink.AddFaults("{times: 3, reply: leader-unavailable}")
	_, err := client.Deploy(context.Background(), writeJar(t))
	check(t, err)
	flink.Expect(flinkmock.Times(4), "POST /jars/upload", nil)
}

func TestRequestsAreNotRetriedForever(t *testing.T) {
	flink, client := start(t, orders)
	flink.AddFaults("{reply: leader-unavailable}")
	_, err := client.Deploy(context.Background(), writeJar(t))
	checkError(t, err, deployer.ErrRequestFailed, "503")
}

func TestAFailedJobIsReportedWithItsCause(t *testing.T) {
	_, client := start(t, outOfMemory)
	_, err := client.Deploy(context.Background(), writeJar(t))
	checkError(t, err, deployer.ErrJobTerminated, "orders is FAILED: java.lang.OutOfMemoryError: Java heap space")
}

func TestALostResponseTriggersNoSecondSavepoint(t *testing.T) {
	onReleases(t, []string{"1.20", "2.3"}, func(t *testing.T, release flinkmock.Option) {
		flink, client := start(t, orders, release)
		flink.AddFaults(lostResponse)
		location, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
		check(t, err)
		checkSavepoint(t, flink.Job("orders"), location)
		flink.Expect(flinkmock.Times(2), "POST /jobs/:jobid/savepoints", nil)
	})
}

func TestWithoutTriggerIdsNoRequestIsRetried(t *testing.T) {
	flink, client := start(t, orders, flinkmock.Release("1.12"))
	flink.AddFaults(lostResponse)
	_, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	checkError(t, err, deployer.ErrResponseLost, "may have processed")
	flink.Expect(flinkmock.Once, "POST /jobs/:jobid/savepoints", nil)
}

func TestABodyThatIsNotJsonIsAnError(t *testing.T) {
	flink, client := start(t, orders, flinkmock.Release("1.12"))
	flink.AddFaults(notJSON)
	_, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	checkError(t, err, deployer.ErrRequestFailed, "<html")
}

func TestASnapshotVersionAcceptsTriggerIds(t *testing.T) {
	flink, client := start(t, orders, flinkmock.Release("1.20"))
	flink.AddFaults(snapshot)
	flink.AddFaults(lostResponse)
	location, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	check(t, err)
	checkSavepoint(t, flink.Job("orders"), location)
}

func TestADeploymentWaitsForTheNextLeader(t *testing.T) {
	flink, client := start(t, orders)
	flink.CrashLeader(3 * time.Second)
	job, err := client.Deploy(context.Background(), writeJar(t))
	check(t, err)
	checkEqual(t, "state", flink.Job(job).State, "RUNNING")
}

func TestTheNextLeaderDoesNotKnowTheTriggerId(t *testing.T) {
	flink, client := start(t, orders)
	crashed := false
	client.Sleep = func(_ context.Context, duration time.Duration) error {
		flink.Advance(duration)
		if !crashed {
			flink.CrashLeader(2 * time.Second)
		}
		crashed = true
		return nil
	}
	_, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	checkError(t, err, deployer.ErrRequestFailed, "404")
}

func TestASlowSavepointTimesOut(t *testing.T) {
	flink, client := start(t, "{jobs: {orders: streaming}, operations: {savepoint: 10m}}")
	_, err := client.Savepoint(context.Background(), flink.Job("orders").ID, directory)
	checkError(t, err, deployer.ErrTimedOut, "the savepoint is not ready after 5m0s")
}
