package flinkmock

import (
	"net/http"
	"net/url"
	"time"
)

// Job is a job of the cluster.
type Job struct {
	ID       string
	Name     string
	State    string
	Restarts int
	// RestoredFrom is the path of the savepoint or checkpoint from which the job was last restored; empty if it was not restored.
	RestoredFrom string `json:"restored-from"`
	// Savepoints are the completed savepoints, oldest first.
	Savepoints []Savepoint
	Vertices   []struct {
		ID          string
		Name        string
		Parallelism int
	}
}

// Savepoint is a completed savepoint.
type Savepoint struct {
	ID   int
	Path string
}

// Exception is a Java exception.
type Exception struct {
	Class   string     `json:"class"`
	Message string     `json:"message,omitempty"`
	Cause   *Exception `json:"cause,omitempty"`
}

// Jobs returns all jobs in order of submission.
func (f *FlinkMock) Jobs() []Job {
	f.t.Helper()
	var list struct{ Jobs []Job }
	f.must(http.MethodGet, "/jobs", nil, &list)
	return list.Jobs
}

// Job returns a job.
func (f *FlinkMock) Job(idOrName string) Job {
	f.t.Helper()
	var result Job
	f.must(http.MethodGet, "/jobs/"+url.PathEscape(idOrName), nil, &result)
	return result
}

// SubmitJob submits a job. The definition can have "template" and the keys of a job in a scenario; it may be nil.
func (f *FlinkMock) SubmitJob(name string, definition map[string]any) Job {
	f.t.Helper()
	body := map[string]any{"name": name}
	for key, value := range definition {
		body[key] = value
	}
	var submitted Job
	f.must(http.MethodPost, "/jobs", body, &submitted)
	return submitted
}

// FailJob makes a task of the job throw the exception.
func (f *FlinkMock) FailJob(job string, exception Exception) Job {
	f.t.Helper()
	return f.callJob(job, "fail", map[string]any{"exception": exception})
}

// FinishJob makes the job finish.
func (f *FlinkMock) FinishJob(job string) Job {
	f.t.Helper()
	return f.callJob(job, "finish", nil)
}

// CancelJob cancels the job.
func (f *FlinkMock) CancelJob(job string) Job {
	f.t.Helper()
	return f.callJob(job, "cancel", nil)
}

// RestartJob restarts all tasks of the job.
func (f *FlinkMock) RestartJob(job string) Job {
	f.t.Helper()
	return f.callJob(job, "restart", nil)
}

// WaitForJob waits until the job is in the state, without advancing the cluster time. The timeout is on the wall clock.
func (f *FlinkMock) WaitForJob(job, state string, timeout time.Duration) Job {
	f.t.Helper()
	return f.callJob(job, "wait", map[string]any{"state": state, "timeout": durationText(timeout)})
}

// callJob calls an operation on a job, and returns the job after it.
func (f *FlinkMock) callJob(idOrName, operation string, body any) Job {
	f.t.Helper()
	var job Job
	f.must(http.MethodPost, "/jobs/"+url.PathEscape(idOrName)+"/"+operation, body, &job)
	return job
}

// Signal sends a signal for which the scenario waits.
func (f *FlinkMock) Signal(name string) {
	f.t.Helper()
	f.must(http.MethodPost, "/signals/"+url.PathEscape(name), nil, nil)
}

// CrashLeader crashes the leader. The next leader is elected after the duration.
func (f *FlinkMock) CrashLeader(duration time.Duration) {
	f.t.Helper()
	f.must(http.MethodPost, "/leader/crash", map[string]string{"for": durationText(duration)}, nil)
}

// AddTaskManager adds a TaskManager and returns its id.
func (f *FlinkMock) AddTaskManager() string {
	f.t.Helper()
	var added struct{ ID string }
	f.must(http.MethodPost, "/taskmanagers/join", nil, &added)
	return added.ID
}

// LoseTaskManager removes a TaskManager as if its process had crashed.
func (f *FlinkMock) LoseTaskManager(id string) {
	f.t.Helper()
	f.must(http.MethodPost, "/taskmanagers/lose", map[string]string{"id": id}, nil)
}
