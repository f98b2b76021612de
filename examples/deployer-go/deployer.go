// Package deployer deploys Flink jobs to a session cluster and upgrades them. It is an example of a client that is tested
// with flinkmock.
package deployer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"
)

var (
	// ErrRequestFailed means that Flink answered with an error or a body that is not JSON, or that all attempts of a
	// request failed.
	ErrRequestFailed = errors.New("request failed")
	// ErrResponseLost means that no response arrived for a request that is not safe to retry. Flink may have processed it.
	ErrResponseLost = errors.New("response lost")
	// ErrSavepointFailed means that Flink could not take the savepoint.
	ErrSavepointFailed = errors.New("savepoint failed")
	// ErrJobTerminated means that the job reached a terminal state instead of RUNNING.
	ErrJobTerminated = errors.New("job terminated")
	// ErrTimedOut means that a job or a savepoint was not ready in time.
	ErrTimedOut = errors.New("timed out")
)

// Deployer deploys and upgrades jobs on one cluster.
type Deployer struct {
	// URL is the base URL of the REST API.
	URL string
	// PollInterval is the interval between two polls, and before a retry.
	PollInterval time.Duration
	// Timeout is how long to wait for a job or a savepoint.
	Timeout time.Duration
	// MaxAttempts is the maximum number of attempts of one request.
	MaxAttempts int
	Client      *http.Client
	// Now and Sleep are the clock by which the deployer waits. Tests replace them with the clock of the cluster.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// New returns a deployer with the usual settings.
func New(url string) *Deployer {
	return &Deployer{
		URL:          url,
		PollInterval: time.Second,
		Timeout:      5 * time.Minute,
		MaxAttempts:  5,
		Client:       &http.Client{Timeout: 30 * time.Second},
		Now:          time.Now,
		Sleep:        sleep,
	}
}

// Deploy runs a new job, waits until it is up, and returns its id.
func (d *Deployer) Deploy(ctx context.Context, jar string) (string, error) {
	jarID, err := d.upload(ctx, jar)
	if err != nil {
		return "", err
	}
	return d.run(ctx, jarID, "")
}

// Upgrade stops a job with a savepoint, runs the new jar from the savepoint, and returns the new job id.
func (d *Deployer) Upgrade(ctx context.Context, jobID, jar, directory string) (string, error) {
	jarID, err := d.upload(ctx, jar) // first, so that a failed upload leaves the job running
	if err != nil {
		return "", err
	}
	savepoint, err := d.Stop(ctx, jobID, directory)
	if err != nil {
		return "", err
	}
	return d.run(ctx, jarID, savepoint)
}

// Savepoint takes a savepoint and returns its path.
func (d *Deployer) Savepoint(ctx context.Context, jobID, directory string) (string, error) {
	id, err := d.triggerID(ctx)
	if err != nil {
		return "", err
	}
	return d.takeSavepoint(ctx, jobID, "savepoints", savepointRequest{TargetDirectory: directory, TriggerID: id}, id)
}

// Stop stops the job with a savepoint and returns the path of the savepoint.
func (d *Deployer) Stop(ctx context.Context, jobID, directory string) (string, error) {
	id, err := d.triggerID(ctx)
	if err != nil {
		return "", err
	}
	return d.takeSavepoint(ctx, jobID, "stop", stopRequest{TargetDirectory: directory, TriggerID: id}, id)
}

// WaitUntilUp waits until the job is up. If the job fails, the error has the cause.
func (d *Deployer) WaitUntilUp(ctx context.Context, jobID string) error {
	deadline := d.Now().Add(d.Timeout)
	for {
		var details jobDetails
		if err := d.get(ctx, "/jobs/"+jobID, &details); err != nil {
			return err
		}
		if details.isUp() {
			return nil
		}
		progress := fmt.Sprintf("%s is %s", details.Name, details.State)
		if terminalStates[details.State] {
			var exceptions jobExceptions
			if err := d.get(ctx, "/jobs/"+jobID+"/exceptions", &exceptions); err != nil {
				return err
			}
			return fmt.Errorf("%w: %s: %s", ErrJobTerminated, progress, exceptions.cause())
		}
		if err := d.wait(ctx, deadline, progress); err != nil {
			return err
		}
	}
}

// upload uploads a jar and returns its id.
func (d *Deployer) upload(ctx context.Context, jar string) (string, error) {
	content, err := os.ReadFile(jar)
	if err != nil {
		return "", err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("jarfile", filepath.Base(jar))
	if err != nil {
		return "", err
	}
	file.Write(content) // a bytes.Buffer accepts everything
	form.Close()
	var uploaded struct{ Filename string }
	request := request{
		method: http.MethodPost, path: "/jars/upload", contentType: form.FormDataContentType(), body: body.Bytes(),
		expectedStatus: http.StatusOK, idempotent: true, // a repeated upload only leaves an unused jar
	}
	err = d.send(ctx, request, &uploaded)
	return path.Base(uploaded.Filename), err
}

func (d *Deployer) run(ctx context.Context, jarID, savepoint string) (string, error) {
	var submitted struct{ JobID string }
	request := request{path: "/jars/" + pathSegment(jarID) + "/run", expectedStatus: http.StatusOK}
	if err := d.post(ctx, request, runRequest{savepoint}, &submitted); err != nil {
		return "", err
	}
	return submitted.JobID, d.WaitUntilUp(ctx, submitted.JobID)
}

func (d *Deployer) triggerID(ctx context.Context) (string, error) {
	var config config
	if err := d.get(ctx, "/config", &config); err != nil {
		return "", err
	}
	return newTriggerID(config), nil
}

// takeSavepoint triggers a savepoint and waits for its path. triggerID is "" if the release doesn't accept trigger ids.
func (d *Deployer) takeSavepoint(ctx context.Context, jobID, endpoint string, body any, triggerID string) (string, error) {
	var triggered struct {
		ID string `json:"request-id"`
	}
	request := request{
		path: "/jobs/" + jobID + "/" + endpoint, expectedStatus: http.StatusAccepted, idempotent: triggerID != "",
	}
	if err := d.post(ctx, request, body, &triggered); err != nil {
		return "", err
	}
	deadline := d.Now().Add(d.Timeout)
	for {
		var status savepointStatus
		if err := d.get(ctx, "/jobs/"+jobID+"/savepoints/"+triggered.ID, &status); err != nil {
			return "", err
		}
		if location, completed, err := status.location(); completed {
			return location, err
		}
		if err := d.wait(ctx, deadline, "the savepoint is not ready"); err != nil {
			return "", err
		}
	}
}

type request struct {
	method, path, contentType string
	body                      []byte
	expectedStatus            int
	idempotent                bool
}

func (d *Deployer) get(ctx context.Context, path string, result any) error {
	return d.send(ctx, request{method: http.MethodGet, path: path, expectedStatus: http.StatusOK, idempotent: true}, result)
}

// post sends a POST request with a JSON body. The other fields of the request are set by the caller.
func (d *Deployer) post(ctx context.Context, r request, body, result any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.method, r.contentType, r.body = http.MethodPost, "application/json", content
	return d.send(ctx, r, result)
}

// send sends a request and decodes the response.
//
// Requests are retried after a 503, because there is no leader that could have processed them. After a lost
// connection, only idempotent requests are retried.
func (d *Deployer) send(ctx context.Context, r request, result any) error {
	problem := ""
	for attempt := 0; attempt < d.MaxAttempts; attempt++ {
		if attempt > 0 {
			if err := d.Sleep(ctx, d.PollInterval); err != nil {
				return err
			}
		}
		request, err := d.newRequest(ctx, r)
		if err != nil {
			return err
		}
		status, content, err := d.attempt(request)
		if err != nil {
			if !r.idempotent {
				return fmt.Errorf("%w: %s %s: Flink may have processed the request: %w", ErrResponseLost, r.method, r.path, err)
			}
			problem = err.Error()
			continue
		}
		if status == r.expectedStatus {
			if err := json.Unmarshal(content, result); err != nil {
				return fmt.Errorf("%w: %s %s: the body is not JSON: %s", ErrRequestFailed, r.method, r.path, content)
			}
			return nil
		}
		problem = fmt.Sprintf("%d %s", status, content)
		if status != http.StatusServiceUnavailable {
			break
		}
	}
	return fmt.Errorf("%w: %s %s: %s", ErrRequestFailed, r.method, r.path, problem)
}

func (d *Deployer) newRequest(ctx context.Context, r request) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, r.method, d.URL+r.path, bytes.NewReader(r.body))
	if err == nil && r.contentType != "" {
		request.Header.Set("Content-Type", r.contentType)
	}
	return request, err
}

// attempt sends a request once, and returns the status and the body of the response.
func (d *Deployer) attempt(request *http.Request) (int, []byte, error) {
	response, err := d.Client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, content, err
}

func (d *Deployer) wait(ctx context.Context, deadline time.Time, progress string) error {
	if !d.Now().Before(deadline) {
		return fmt.Errorf("%w: %s after %s", ErrTimedOut, progress, d.Timeout)
	}
	return d.Sleep(ctx, d.PollInterval)
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}
