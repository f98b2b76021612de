package deployer

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// This file has the requests and responses of Flink. It does no I/O.

var terminalStates = map[string]bool{"FINISHED": true, "CANCELED": true, "FAILED": true, "SUSPENDED": true}

type config struct {
	Version string `json:"flink-version"`
}

// acceptsTriggerIDs returns whether a client can choose the trigger id, which is possible since Flink 1.15. Two requests
// with the same id trigger one operation.
func (c config) acceptsTriggerIDs() bool {
	version, _, _ := strings.Cut(c.Version, "-") // such as 1.20-SNAPSHOT
	numbers := strings.SplitN(version, ".", 3)
	if len(numbers) < 2 {
		return false
	}
	major, _ := strconv.Atoi(numbers[0])
	minor, _ := strconv.Atoi(numbers[1])
	return major > 1 || minor >= 15
}

// newTriggerID returns a trigger id if the release accepts one, else "".
func newTriggerID(c config) string {
	if !c.acceptsTriggerIDs() {
		return ""
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		panic(err)
	}
	return hex.EncodeToString(id)
}

// pathSegment returns a value as a segment of a path. It is percent-encoded twice, because Flink decodes paths twice. The
// second time, Flink also replaces +, which url.PathEscape would keep.
func pathSegment(value string) string {
	return url.PathEscape(strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
}

type savepointRequest struct {
	TargetDirectory string `json:"target-directory"`
	CancelJob       bool   `json:"cancel-job"`
	TriggerID       string `json:"triggerId,omitempty"`
}

type stopRequest struct {
	TargetDirectory string `json:"targetDirectory"`
	Drain           bool   `json:"drain"`
	TriggerID       string `json:"triggerId,omitempty"`
}

type runRequest struct {
	SavepointPath string `json:"savepointPath,omitempty"`
}

type savepointStatus struct {
	Status struct {
		ID string `json:"id"`
	} `json:"status"`
	Operation struct {
		Location     string `json:"location"`
		FailureCause *struct {
			StackTrace string `json:"stack-trace"`
		} `json:"failure-cause"`
	} `json:"operation"`
}

// location returns the savepoint path, and whether the savepoint is completed. A failed savepoint is also COMPLETED.
func (s savepointStatus) location() (string, bool, error) {
	if s.Status.ID != "COMPLETED" {
		return "", false, nil
	}
	if failure := s.Operation.FailureCause; failure != nil {
		return "", true, fmt.Errorf("%w: %s", ErrSavepointFailed, innermostCause(failure.StackTrace))
	}
	return s.Operation.Location, true, nil
}

type jobDetails struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Vertices []struct {
		Parallelism int            `json:"parallelism"`
		Tasks       map[string]int `json:"tasks"`
	} `json:"vertices"`
}

// isUp returns whether the job is RUNNING, and each of its tasks is running or finished.
//
// A job is RUNNING before its tasks are, and a vertex is RUNNING as soon as one of its tasks is.
func (j jobDetails) isUp() bool {
	for _, vertex := range j.Vertices {
		if vertex.Tasks["RUNNING"]+vertex.Tasks["FINISHED"] != vertex.Parallelism {
			return false
		}
	}
	return j.State == "RUNNING"
}

type jobExceptions struct {
	RootException string `json:"root-exception"`
	History       struct {
		Entries []struct {
			StackTrace string `json:"stacktrace"`
		} `json:"entries"`
	} `json:"exceptionHistory"`
}

// cause returns the cause of a failure. exceptionHistory was added in 1.13; root-exception was removed in 2.0.
func (e jobExceptions) cause() string {
	if entries := e.History.Entries; len(entries) > 0 {
		return innermostCause(entries[0].StackTrace)
	}
	if e.RootException != "" {
		return innermostCause(e.RootException)
	}
	return "unknown cause"
}

var causedBy = regexp.MustCompile(`(?m)^Caused by: (.*)`)

// innermostCause returns the last `Caused by` of a Java stack trace, or its first line.
func innermostCause(trace string) string {
	if causes := causedBy.FindAllStringSubmatch(trace, -1); len(causes) > 0 {
		return causes[len(causes)-1][1]
	}
	line, _, _ := strings.Cut(trace, "\n")
	return line
}
