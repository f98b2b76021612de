package flinkmock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

const (
	apiPrefix = "/__flinkmock__/v1"
	yamlType  = "application/yaml"
)

// Error is an error response of the control API.
type Error struct {
	// Status is the status of the response.
	Status int `json:"-"`
	// Type is the kind of error, such as "NotFound" or "ScenarioError".
	Type    string
	Message string
	// Details lists all mistakes of a scenario or of a request's body; empty for other errors.
	Details []struct {
		Message string
		Path    string
		File    string
		Line    int
		Column  int
	}
}

func (e *Error) Error() string {
	return "flinkmock: " + e.Message
}

type controlAPI struct{ url, token string }

// client is not http.DefaultClient, because tests may replace http.DefaultClient. It closes each connection after its request,
// because a later cluster may listen on the same port. It does not follow redirects, because http.Client turns a redirected
// POST into a GET.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call sends a body as JSON and decodes the response into result. If body or result is nil, there is no body, or the
// response is ignored.
func (c controlAPI) call(method, path string, body, result any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return c.send(method, path, "application/json", content, result)
}

// send sends a body unchanged and decodes the response into result, unless result is nil.
func (c controlAPI) send(method, path, contentType string, body []byte, result any) error {
	request, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return fmt.Errorf("%s %s%s: %s, a redirect to %s", method, c.url, path, response.Status, response.Header.Get("Location"))
	}
	if response.StatusCode >= 400 {
		var errorBody struct{ Error *Error }
		if json.Unmarshal(content, &errorBody) != nil || errorBody.Error == nil {
			return fmt.Errorf("%s %s%s: %s %s", method, c.url, path, response.Status, content)
		}
		errorBody.Error.Status = response.StatusCode
		return errorBody.Error
	}
	if result == nil || len(content) == 0 {
		return nil
	}
	return json.Unmarshal(content, result)
}
